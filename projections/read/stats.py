"""Read the books: all counts from one snapshot."""

from typing import Literal

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.statements import statement
from projections.errors import ProjectionDropped
from projections.read.session import ReadSession
from projections.read.topics import EVERY_TOPIC, TopicRange

# Whose counts by topic are read: what that costs grows with their number. The totals need none of them.
Counted = Literal["all", "some", "none"]


class Books(msgspec.Struct, frozen=True):
    """What the log has and what became of it. `by_topic` is JSON, an object each, the largest first."""

    received: int
    unique_processed: int
    duplicate_dropped: int
    conflicts: int
    quarantined: int
    pending: int
    topics: int | None  # None where not all of them were counted
    balanced: bool
    lag_seconds: float | None  # age of the oldest delivery not yet projected; None without any
    workers: int
    live_version: int | None
    by_topic: list[str]

    @property
    def projected(self) -> tuple[int | None, int, int, int, int]:
        """What is projected: where this is the same, all counts by topic are."""
        return (
            self.live_version,
            self.unique_processed,
            self.duplicate_dropped,
            self.conflicts,
            self.quarantined,
        )


async def books(
    connection: ReadSession, counted: Counted = "all", listed: TopicRange = EVERY_TOPIC, topics: int = 100
) -> Books:
    """Return the counts, from one statement; `by_topic` has the largest topics, as many as `topics` says.

    Raises ProjectionDropped.
    """
    cursor = connection.cursor(row_factory=class_row(Books))
    parameters = {"counted": counted, "topic_from": listed.low, "topic_to": listed.high, "topics": topics}
    try:
        async with connection.transaction():
            await connection.execute(statement("stats/plan"))
            found = await (await cursor.execute(statement("stats/books"), parameters)).fetchone()
    except psycopg.errors.UndefinedTable:
        raise ProjectionDropped("core") from None
    if found is None or found.live_version is None:
        raise ProjectionDropped("core")
    return found
