"""Named parameters: what is one, what only looks like one, and that any text is read in linear time."""

import time
from collections.abc import Callable

import pytest

from eventlog.audit.limits import STATEMENT_CHARACTERS_MAX
from eventlog.audit.placeholders import numbered
from eventlog.audit.statement_request import ask_statement

# Pieces of which a text can be made that never ends what it begins.
PIECES = (
    "/*", "/* ", "*/", "'", '"', "e'", "e'\\", "\\'", "'' ", "$", "$$", "$a$", "$a", "$a$b", " $a$", "--",
    "--\n", ":", "::", ":a", ":a:", "/*'", "'/*", "\"'", "$a$'/*", "a$a$", "é$", "E'\\\\", "x", " ",
)  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "sent"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1"),
        ("SELECT ':a', \":a\", e'\\':a', $$:a$$, $x$:a$x$, a::text -- :a", None),
        ("SELECT /* :a */ :a", "SELECT /* :a */ $1"),
        ("SELECT 'it''s :a' || :a", "SELECT 'it''s :a' || $1"),
        ("SELECT 1 /* :a", None),
        ("SELECT ':a", None),
        ('SELECT ":a', None),
        ("SELECT e':a\\", None),
        ("SELECT $x$ :a $y$", None),
        ("SELECT a$b$ :a", "SELECT a$b$ $1"),
        ("SELECT x[:a]", "SELECT x[$1]"),
        ("SELECT -- '\n :a", "SELECT -- '\n $1"),
    ],
)
def test_a_parameter_is_one_where_postgresql_would_see_code(statement: str, sent: str | None) -> None:
    assert numbered(statement, ("a", "b")).statement == (sent or statement)


def test_a_place_is_one_in_the_text_as_written() -> None:
    names = "abcdefghijkl"
    text = ", ".join(f":{name}" for name in names) + " x"
    found = numbered(text, names)
    assert found.statement.endswith("$9, $10, $11, $12 x")
    assert found.written(found.statement.index("x") + 1) == text.index("x") + 1
    for name in names:
        at = found.statement.index(f"${names.index(name) + 1}") + 1
        assert found.written(at) == text.index(f":{name}") + 1


@pytest.mark.parametrize("piece", PIECES)
def test_any_text_is_read_in_linear_time(piece: str) -> None:
    def read(length: int) -> Callable[[], object]:
        text = (piece * length)[:length]
        return lambda: numbered(text, ("a",))

    assert growth(read, STATEMENT_CHARACTERS_MAX // 8, STATEMENT_CHARACTERS_MAX) < 8 * 3


def test_many_names_are_looked_up_in_linear_time() -> None:
    def ask(count: int) -> Callable[[], object]:
        names = [f"p{number}" for number in range(count)]
        text = f"SELECT {','.join(f':{name}' for name in names)}"
        return lambda: ask_statement(text, dict.fromkeys(names, 1))

    assert growth(ask, 1_000, 8_000) < 8 * 3


def growth(make: Callable[[int], Callable[[], object]], small: int, large: int) -> float:
    """Return how many times the processor's time the large one takes, of the fastest of some tries."""

    def fastest(run: Callable[[], object]) -> float:
        times = []
        for _ in range(5):
            began = time.process_time_ns()
            run()
            times.append(time.process_time_ns() - began)
        # So little that the clock's own unevenness counts is called this much.
        return max(min(times), 50_000)

    return fastest(make(large)) / fastest(make(small))
