"""Read what the projections set aside, by cause, and what became of it when it was retried."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from psycopg.rows import class_row

from eventlog.errors import LogRewound
from eventlog.statements import statement
from eventlog.timestamps import Moment, rfc3339
from projections.read.deliveries import DeliveryName
from projections.read.session import ReadSession
from projections.read.topics import TopicRange

EXAMPLES = 10
NUMBER_MAX = (1 << 63) - 1


class Cause(msgspec.Struct, frozen=True):
    """Deliveries that were set aside for one reason."""

    projection: str
    sqlstate: str
    cause: str
    deliveries: int
    first_at: Moment
    last_at: Moment
    latest: Annotated[list[DeliveryName], Meta(description="the latest ten deliveries")]


class Retry(msgspec.Struct, frozen=True):
    """What the retry of one event changed."""

    number: Annotated[int, Meta(description="1, 2, 3 … of its projection, without gaps")]
    projection: str
    version: int
    topic: str
    event_id: str
    deliveries: Annotated[list[DeliveryName], Meta(description="those whose outcome is another than before")]
    unique_processed: Annotated[int, Meta(description="by how much it changed, as all counts here")]
    duplicate_dropped: int
    conflicts: int
    quarantined: int
    retried_at: datetime


async def quarantined(connection: ReadSession, topics: TopicRange, limit: int) -> list[Cause]:
    """Return the causes, the one with the most deliveries first."""
    parameters = {"topic_from": topics.low, "topic_to": topics.high, "limit": limit, "examples": EXAMPLES}
    rows = await (await connection.execute(statement("read/quarantine"), parameters)).fetchall()
    return [
        Cause(projection, sqlstate, cause, deliveries, rfc3339(first_at), rfc3339(last_at), latest)
        for projection, sqlstate, cause, deliveries, first_at, last_at, latest in rows
    ]


async def is_quarantined(
    connection: ReadSession, partition: int, position: int, projection: str | None
) -> bool:
    """Say whether a live projection, or one of them, has set a delivery aside."""
    chosen = {"partitions": [partition], "positions": [position], "projection": projection}
    rows = await connection.execute(statement("retry/select"), {**chosen, "sqlstate": None, "cause": None})
    return await rows.fetchone() is not None


async def retries(connection: ReadSession, projection: str, after: int, limit: int) -> list[Retry]:
    """Return what retries of a projection changed, in the order in which they did. Raises LogRewound."""
    cursor = connection.cursor(row_factory=class_row(Retry))
    parameters = {"projection": projection, "after": after, "limit": limit}
    found = await (await cursor.execute(statement("read/retries"), parameters)).fetchall()
    if not found and after:
        await _require_some(connection, projection, after)
    return found


async def _require_some(connection: ReadSession, projection: str, after: int) -> None:
    """Raise LogRewound where there are no retries of a projection that `after` could follow."""
    row = await (
        await connection.execute(statement("read/last_retry"), {"projection": projection})
    ).fetchone()
    assert row is not None
    (last,) = row
    if after > last:
        raise LogRewound(f"the retries of {projection}", after, last)
