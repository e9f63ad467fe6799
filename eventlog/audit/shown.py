"""An answer as a document and as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from eventlog.audit.auditor import Answer
from eventlog.audit.values import NUMBERS, readers

# A spreadsheet takes a cell that begins so for a formula; a quote before it makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def document(answer: Answer) -> dict[str, Any]:
    """Return what POST /sql answers."""
    return {
        "columns": answer.columns,
        "rows": list(values(answer)),
        "row_count": len(answer.rows),
        "truncated": answer.truncated,
        "elapsed_ms": answer.elapsed_ms,
    }


def values(answer: Answer) -> Iterator[list[Any]]:
    """Yield each row as values for JSON."""
    read = readers([column.type for column in answer.columns])
    for row in answer.rows:
        yield [None if text is None else reader(text) for reader, text in zip(read, row, strict=True)]


def comma_separated(answer: Answer) -> str:
    """Return CSV (RFC 4180) with a header; NULL is an empty cell. No cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_no_formula(column.name) for column in answer.columns])
    numeric = [column.type in NUMBERS for column in answer.columns]
    for row in answer.rows:
        writer.writerow(
            [
                cell if cell is None or is_number else _no_formula(cell)
                for cell, is_number in zip(row, numeric, strict=True)
            ]
        )
    return text.getvalue()


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
