"""Read what is new in the log, again and again, on a session that does nothing else."""

from collections.abc import AsyncGenerator, Sequence

import psycopg
from psycopg import capabilities

from eventlog.statements import statement
from projections.errors import ProjectionDropped
from projections.read.events import SelectedEvent
from projections.read.log_order import Positions
from projections.read.session import ReadSession, open_reader
from projections.read.topics import TopicRange

# The most deliveries that one look reads, and the least of them a partition.
SCAN_MAX = 2_000
SCAN_MIN = 16
# Rows that come at once; an event has up to 1 MiB.
ROWS_AT_ONCE = 16 if capabilities.has_stream_chunked() else 1
# Workers say so when core has a new step.
CHANNEL = "eventlog_projected"


async def follow(dsn: str) -> ReadSession:
    """Open a session for news(), which is notified of each new step of core."""
    connection = await open_reader(dsn, "stream")
    try:
        await connection.execute(statement("read/live_session"))
        await connection.execute(f"LISTEN {CHANNEL}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def news(
    connection: ReadSession, after: Positions, topics: Sequence[TopicRange] | None
) -> AsyncGenerator[SelectedEvent, None]:
    """Yield rows for to_event(), after these positions; before them, rows without a topic.

    Of topics that are in none of the ranges there may be none; None is every topic.

    The latter have in `position` through where their partition is read when all rows were taken.
    Raises ProjectionDropped when the core projection is.
    """
    parameters = {
        "partitions": list(after),
        "positions": list(after.values()),
        "scan": scan_of(len(after)),
        "topics": None if topics is None else [each.one for each in topics if each.one is not None],
        "lows": [each.low for each in topics or () if each.one is None],
        "highs": [each.high for each in topics or () if each.one is None],
    }
    cursor = connection.cursor(binary=True)
    dropped = True
    try:
        async for row in cursor.stream(statement("read/live"), parameters, size=ROWS_AT_ONCE):
            dropped = False
            yield SelectedEvent._make(row)
    except psycopg.errors.UndefinedTable:
        dropped = True
    if dropped:
        raise ProjectionDropped("core")


def scan_of(partitions: int) -> int:
    """Return how many deliveries of a partition one look reads."""
    return max(SCAN_MIN, SCAN_MAX // max(1, partitions))


async def wait_for_news(connection: ReadSession, seconds: float) -> None:
    """Return when a step of core was announced, or when time is up: an announcement may get lost."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        pass
