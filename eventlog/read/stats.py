"""Read the books: all counts from one snapshot."""

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.errors import ProjectionDropped
from eventlog.read.session import Reader
from eventlog.statements import statement


class Books(msgspec.Struct, frozen=True):
    """What the log has and what became of it. `by_topic` is JSON text, the largest topics first."""

    received: int
    unique_processed: int
    duplicate_dropped: int
    conflicts: int
    quarantined: int
    pending: int
    topics: int
    balanced: bool
    lag_seconds: float | None  # age of the oldest delivery not yet projected; None without any
    workers: int
    live_version: int | None
    by_topic: str


async def books(connection: Reader, *, topic: str | None = None, topics: int = 100) -> Books:
    """Return all counts, from one statement; `by_topic` holds one topic, or so many of the largest.

    Raises ProjectionDropped.
    """
    cursor = connection.cursor(row_factory=class_row(Books))
    parameters = {"topic": topic, "topics": topics}
    try:
        async with connection.transaction():
            await connection.execute(statement("stats/plan"))
            found = await (await cursor.execute(statement("stats/books"), parameters)).fetchone()
    except psycopg.errors.UndefinedTable:
        raise ProjectionDropped("core") from None
    if found is None or found.live_version is None:
        raise ProjectionDropped("core")
    return found
