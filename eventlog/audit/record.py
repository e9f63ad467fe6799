"""The record of who asked what: written before a statement runs, in a table outside the log."""

from typing import Any

import msgspec

from eventlog.audit.asked import Asked
from eventlog.database import Connection
from eventlog.statements import statement

KEPT = 100_000


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and by which door."""

    who: str
    via: str


def begin(owner: Connection, asked: Asked, asker: Asker) -> int:
    """Record a statement that is about to run; return its number."""
    row = owner.execute(
        statement("audit/record"),
        {
            "who": asker.who,
            "via": asker.via,
            "question": asked.question,
            "statement": asked.written,
            "parameters": msgspec.json.encode(asked.parameters).decode(),
        },
    ).fetchone()
    assert row is not None
    owner.execute(statement("audit/prune"), {"keep": KEPT})
    return int(row[0])


def finish(owner: Connection, number: int, **outcome: Any) -> None:
    """Record what came of it: rows, truncated, sqlstate, error."""
    blank = {"rows": None, "truncated": None, "sqlstate": None, "error": None}
    owner.execute(statement("audit/finish"), {**blank, **outcome, "id": number})
