"""The record of who asked what: written before a statement runs, in a table outside the log."""

from typing import Any

import msgspec

from eventlog.audit.statement_request import StatementRequest
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from eventlog.terminal.printing import harmless

KEPT = 100_000
# As stored, compressed. Looked at once in so many statements, as all of them have to be looked through.
KEPT_BYTES = 256 << 20
BYTES_LOOKED_AT_EVERY = 50
WHO_CHARACTERS_MAX = 255


class Asker(msgspec.Struct, frozen=True):
    """The person or program that asks, and how. `who` may come from outside: it is bounded."""

    who: str
    via: str

    def __post_init__(self) -> None:
        who = harmless(self.who.encode(errors="backslashreplace").decode())[:WHO_CHARACTERS_MAX]
        msgspec.structs.force_setattr(self, "who", who or "unknown")


def begin(owner: Connection, asked: StatementRequest, asker: Asker) -> int:
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
    (number,) = row
    owner.execute(statement("audit/prune"), {"keep": KEPT})
    if number % BYTES_LOOKED_AT_EVERY == 0:
        owner.execute(statement("audit/prune_bytes"), {"keep": KEPT_BYTES})
    return int(number)


def finish(owner: Connection, number: int, **outcome: Any) -> None:
    """Record what came of it: rows, truncated, sqlstate, error."""
    blank = {"rows": None, "truncated": None, "sqlstate": None, "error": None}
    owner.execute(statement("audit/finish"), {**blank, **outcome, "id": number})
