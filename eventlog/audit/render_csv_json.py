"""Answers as a JSON document and as CSV."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from eventlog.audit.auditor import Column, StatementResult
from eventlog.audit.values import NEVER_FORMULAS, readers

# What has to stand in quotes. An empty text does too, which tells it from NULL; and so does what PostgreSQL's
# COPY took for the end of its input before 18.
NEEDS_QUOTES = re.compile(r'[",\r\n]|\A(?:\\\.)?\Z')
# A spreadsheet takes a text that begins so for a formula; the last four are full-width. Not +49 30 1234567.
FORMULA = re.compile(r"[=@\t\r\n\uff1d\uff0b\uff0d\uff20]|[+-](?![0-9 .,:/()-]*+\Z)")

Write = Callable[[str], str]


class StatementRows(msgspec.Struct, frozen=True):
    """What a statement answers."""

    columns: list[Column]
    rows: Annotated[
        list[list[Any]],
        Meta(description="numbers that JSON's readers cannot hold exactly are strings; moments are RFC 3339"),
    ]
    row_count: int
    truncated: Annotated[bool, Meta(description="there are more rows than `limit`, or than fit 4 MiB")]
    elapsed_ms: float


def document(answer: StatementResult) -> StatementRows:
    """Return what POST /sql answers."""
    rows = list(values(answer))
    return StatementRows(answer.columns, rows, len(rows), answer.truncated, answer.elapsed_ms)


def values(answer: StatementResult) -> Iterator[list[Any]]:
    """Yield each row as values for JSON."""
    read = readers([column.type for column in answer.columns])
    for row in answer.rows:
        yield [None if text is None else reader(text) for reader, text in zip(read, row, strict=True)]


def comma_separated(answer: StatementResult, *, spreadsheet: bool = False, write: Write = str) -> str:
    """Return CSV (RFC 4180) with a header, as PostgreSQL's COPY reads it: NULL is empty, a text "".

    spreadsheet: a text that would be a formula gets an apostrophe before it. `write` makes the text of a
    cell fit for where it goes.
    """
    plain = _no_formula if spreadsheet else str
    cells = [str if column.type in NEVER_FORMULAS else plain for column in answer.columns]
    lines = [",".join(_quoted(write(plain(column.name))) for column in answer.columns)]
    lines += [
        ",".join(
            "" if cell is None else _quoted(write(as_cell(cell)))
            for as_cell, cell in zip(cells, row, strict=True)
        )
        for row in answer.rows
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if NEEDS_QUOTES.search(cell) else cell


def _no_formula(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) else cell
