"""What defines a projection: what its files mean, and not how they are written."""

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow, class_row

from eventlog.statements import statement
from projections.custom.discovery import discover, load
from projections.doctor.books import check_standing_still
from projections.install import find, install_own
from projections.meaning import python_meaning, sql_meaning
from projections.projection import PROJECTIONS
from projections.read.standing_still import WITHIN, StandingStill
from projections.rebuilding.rebuild import rebuild
from tests.support.own import APPLY, STEP, TABLES, installed, write_projection

Connection = psycopg.Connection[TupleRow]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1 -- why\n, 2", "SELECT 1,2"),
        ("SELECT 1 -- why\r\n, 2\r\n", "SELECT 1, 2\n"),
        ("SELECT /* a /* nested */ one */ 1", "SELECT 1"),
        ("SELECT\n\t f ( a ,\n b )", "SELECT f(a,b)"),
        ("\n\nSELECT 'a' -- don't\n", "SELECT 'a'"),
        (r"SELECT 'it\' -- b", r"SELECT 'it\' -- c'"),
        ("-- it's\nSELECT $x$ a $x$", "SELECT $x$ a $x$"),
    ],
)
def test_sql_that_means_the_same(one: str, other: str) -> None:
    assert sql_meaning(one) == sql_meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("SELECT 'a -- b'", "SELECT 'a '"),
        ("SELECT 'it''s -- b'", "SELECT 'it''s '"),
        (r"SELECT E'it\'s -- b'", r"SELECT E'it\'s '"),
        ('SELECT "a  b"', 'SELECT "a b"'),
        ("SELECT $$ a  -- b $$", "SELECT $$ a $$"),
        ("SELECT $x$ $$ -- b $x$", "SELECT $x$ $$ $x$"),
        ("SELECT a - -b", "SELECT a --b"),
        ("SELECT a b", "SELECT ab"),
        ("SELECT a$b$ -- $b$\n, 1", "SELECT a$b$, 2"),
        ("SELECT 1", "SELECT 2"),
    ],
)
def test_sql_that_means_something_else(one: str, other: str) -> None:
    assert sql_meaning(one) != sql_meaning(other)


def test_python_that_means_the_same() -> None:
    one = b"# why\r\nname = 'x'  # so\r\n\r\n\r\ndef apply(batch, c):\r\n    # nothing\r\n    pass  \r\n"
    assert python_meaning(one) == python_meaning(b"name = 'x'\ndef apply(batch, c):\n    pass")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"x = 'a # b'", b"x = 'a # c'"),
        (b"x = '''a\n\n# b\n'''", b"x = '''a\n# b\n'''"),
        (b"x = '''a  \n'''", b"x = '''a\n'''"),
        (b"if x:\n    a()\n    b()", b"if x:\n    a()\nb()"),
        (b'x = f"{a}#{b}"', b'x = f"{a}#{c}"'),
    ],
)
def test_python_that_means_something_else(one: bytes, other: bytes) -> None:
    assert python_meaning(one) != python_meaning(other)


@pytest.mark.parametrize("python", ["topics = ['a.*']\n", APPLY])
def test_a_comment_or_other_line_ends_ask_for_no_rebuild(tmp_path: Path, python: str) -> None:
    place = write_projection(tmp_path, "kept", python)
    before = load(place).definition
    for file in place.iterdir():
        comment = "# so" if file.suffix == ".py" else "-- so"
        file.write_bytes(f"{comment}\n{file.read_text()}\n{comment}".replace("\n", "\r\n").encode())
    assert load(place).definition == before
    (place / "tables.sql").write_text(TABLES.replace("bigint", "int"))
    assert load(place).definition != before


def test_a_definition_that_was_recorded_to_the_byte_stays_valid(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "kept")
    own = installed(database, place).projections[-1]
    connection.execute(
        "UPDATE projection_versions SET definition = %s WHERE projection = 'kept'",
        [own.definition_to_the_byte],
    )
    installed(database, place)
    found = find(connection, "kept")
    assert found is not None
    assert (found.live_version, found.definition) == (1, own.definition)
    (place / "step.sql").write_text(f"-- now with a comment\n{STEP}")
    assert load(place).definition == own.definition


def test_code_that_has_changed_is_told_by_all_who_look(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "kept")
    installed(database, place)
    assert standing(connection) == []
    (place / "step.sql").write_text(f"{STEP} WHERE b.position > 0")
    changed = discover(str(place))
    assert "stands still" in install_own(database, changed).faults[0]
    assert [(found.name, found.changed) for found in standing(connection)] == [("kept", True)]
    rebuild(database, changed.projections[len(PROJECTIONS)])
    assert standing(connection) == []


def standing(connection: Connection) -> list[StandingStill]:

    finding = check_standing_still(connection)
    rows = connection.cursor(row_factory=class_row(StandingStill))
    found = rows.execute(statement("read/standing_still"), WITHIN).fetchall()
    assert (finding.status == "warning", "eventlog rebuild kept" in finding.mend) == (
        bool(found),
        bool(found),
    )
    return found
