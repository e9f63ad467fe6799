"""Answers printed as JSON and NDJSON: one object a row."""

from collections.abc import Iterator
from typing import Any

import msgspec

from eventlog.audit.auditor import StatementResult
from eventlog.audit.render_csv_json import values
from eventlog.terminal.printing import harmless

encode = msgspec.json.Encoder().encode


def objects(answer: StatementResult) -> Iterator[dict[str, Any]]:
    """Yield each row as an object; of columns of one name, the later ones get a number."""
    names = distinct([column.name for column in answer.columns])
    for row in values(answer):
        yield dict(zip(names, row, strict=True))


def distinct(names: list[str]) -> list[str]:
    """Return names that differ: a, a, b become a, a_2, b."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    result = []
    for name in names:
        chosen = name
        while chosen in taken:
            numbers[name] = numbers.get(name, 1) + 1
            chosen = f"{name}_{numbers[name]}"
        taken.add(chosen)
        result.append(chosen)
    return result


def json_text(answer: StatementResult) -> str:
    """Return an array of objects, one a line. Nothing in it acts upon a terminal."""
    lines = [line.rstrip("\n") for line in json_lines(answer)]
    return "[" + ",\n ".join(lines) + "]\n"


def json_lines(answer: StatementResult) -> Iterator[str]:
    """Yield each row as JSON on a line of its own."""
    for row in objects(answer):
        line = msgspec.json.format(encode(row), indent=-1).decode()
        # Control characters are within strings only, where their escape means the same.
        yield harmless(line) + "\n"
