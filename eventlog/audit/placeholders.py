"""Named parameters in a statement: `:name` becomes `$1`, and text that only looks like one stays."""

import re
from bisect import bisect_left
from collections.abc import Collection

import msgspec

# What a colon may stand in without being a parameter, and the parameters. What is never closed reaches to
# the end: nothing after it is looked at again, so that the time taken grows as the text does, whatever is in
# it. A comment within a comment is not understood: a name after it might be taken for a parameter, and
# PostgreSQL would refuse it.
TOKENS = re.compile(
    r"""
      (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)      # a string with escapes
    | '(?:[^']|'')*+(?:'|\Z)
    | "(?:[^"]|"")*+(?:"|\Z)
    | (?<![\w$])\$(?P<tag>[^\W\d]\w*+)?\$.*?(?:\$(?(tag)(?P=tag))\$|\Z)
    | --[^\n]*+
    | /\*.*?(?:\*/|\Z)
    | ::
    | :(?P<name>[^\W\d]\w*+)
    """,
    re.VERBOSE | re.DOTALL,
)


class Numbered(msgspec.Struct, frozen=True):
    """A statement with `$n` for each `:name`, and the names in order of n.

    A placeholder keeps its length where it can. `grown` are the places that have a character more than the
    text as written, counted from 1.
    """

    statement: str
    names: list[str]
    grown: list[int]

    def written(self, position: int) -> int:
        """Return where a position of the statement is in the text as written."""
        return position - bisect_left(self.grown, position)


def numbered(statement: str, names: Collection[str]) -> Numbered:
    """Number the parameters of a statement, those whose names are given."""
    numbers: dict[str, int] = {}
    grown: list[int] = []

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None or name not in names:
            return found[0]
        number = numbers.setdefault(name, len(numbers) + 1)
        placeholder = f"${number}".ljust(len(found[0]))
        end = found.end() + len(grown)
        grown.extend(range(end + 1, end + 1 + len(placeholder) - len(found[0])))
        return placeholder

    return Numbered(TOKENS.sub(replaced, statement), list(numbers), grown)
