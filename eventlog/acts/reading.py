"""Read what was recorded of acts."""

from datetime import datetime

import msgspec
from psycopg.rows import class_row

from eventlog.schema.migrate import schema_state
from eventlog.sessions.database import connect, translated_errors
from eventlog.statements import statement


class Act(msgspec.Struct, frozen=True):
    """What somebody did: `who` is what the session said of itself, `login` its login of the database."""

    number: int
    acted_at: datetime
    act: str
    subject: str
    who: str
    login: str
    detail: msgspec.Raw


def latest(dsn: str, most: int, before: int | None = None) -> list[Act]:
    """Return the latest acts, the newest first."""
    with connect(dsn, "reader", "list") as connection, translated_errors():
        schema_state(connection)
        cursor = connection.cursor(row_factory=class_row(Act))
        found = cursor.execute(statement("acts/latest"), {"most": most, "before": before}).fetchall()
    return [msgspec.structs.replace(act, detail=msgspec.Raw(act.detail)) for act in found]
