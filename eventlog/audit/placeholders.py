"""Named parameters in a statement: `:name` becomes `$1`, and text that only looks like one stays."""

import re
from collections.abc import Collection

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


def numbered(statement: str, names: Collection[str]) -> tuple[str, list[str]]:
    """Return the statement with `$n` for each `:name` that is in names, and the names in order of n.

    A placeholder keeps its length, so that the position in an error is one in the text as written.
    """
    numbers: dict[str, int] = {}

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None or name not in names:
            return found[0]
        number = numbers.setdefault(name, len(numbers) + 1)
        return f"${number}".ljust(len(found[0]))

    return TOKENS.sub(replaced, statement), list(numbers)
