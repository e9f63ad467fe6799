"""CSV: the very values, as PostgreSQL reads them back; and on request nothing that is a formula."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.auditor import Column, StatementResult
from eventlog.audit.render_csv_json import comma_separated
from tests.eventlog.audit.conftest import Asking

# What is hard to tell apart, or to get through.
CELLS = (
    None, "", " ", "NULL", "\\N", "\\.", '"', '""', "a,b", "a\r\nb", "\n", "'", "=1+1", "+49 30 1234567",
    "-5", "é\u2028",
)  # fmt: skip


def answer(*cells: str | None, type: str = "text") -> StatementResult:
    return StatementResult([Column("c", type)], [[cell] for cell in cells], False, 0.0)


def one(cell: str, type: str = "text") -> str:
    """Return one cell as a spreadsheet gets it."""
    return (
        comma_separated(answer(cell, type=type), spreadsheet=True).removeprefix("c\r\n").removesuffix("\r\n")
    )


@pytest.mark.parametrize("columns", [1, 3])
def test_postgresql_reads_back_what_was_there(
    asking: Asking, connection: psycopg.Connection[TupleRow], columns: int
) -> None:
    names = ", ".join(f"c{number}" for number in range(columns))
    texts = ", ".join(["c"] * columns)
    found = asking(
        f"SELECT {texts} FROM unnest($1::text[]) AS t (c)", ["{" + ",".join(map(_element, CELLS)) + "}"]
    )
    connection.execute(f"CREATE TEMP TABLE back ({', '.join(f'c{n} text' for n in range(columns))})".encode())
    with connection.cursor() as cursor, cursor.copy("COPY back FROM STDIN (FORMAT csv, HEADER)") as copy:
        copy.write(comma_separated(found))
    assert connection.execute(f"SELECT {names} FROM back".encode()).fetchall() == [
        (cell,) * columns for cell in CELLS
    ]


def _element(cell: str | None) -> str:
    return "NULL" if cell is None else '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(1)", "+1+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1", "＝1", "-infinity"]
)
def test_a_spreadsheet_gets_no_formula(cell: str) -> None:
    assert one(cell).removeprefix('"').startswith("'")
    assert comma_separated(answer(cell)).endswith(
        cell.join(('"', '"')) + "\r\n" if "\r" in cell else f"{cell}\r\n"
    )


@pytest.mark.parametrize(
    ("cell", "type"),
    [
        ("-01:00:00", "interval"), ("-1 days", "interval"), ("-infinity", "timestamptz"), ("-5", "int4"),
        ("-$1.00", "money"), ("+49 30 1234567", "text"), ("+49-30-1234567", "text"), ("-1.5", "text"),
        ("-", "text"), ("a=b", "text"), ("'quoted'", "text"),
    ],
)  # fmt: skip
def test_what_is_no_formula_stays_as_it_is(cell: str, type: str) -> None:
    assert one(cell, type) == cell


def test_a_column_is_no_formula_either() -> None:
    named = StatementResult([Column("=1+1", "int4")], [], False, 0.0)
    assert comma_separated(named, spreadsheet=True) == "'=1+1\r\n"
