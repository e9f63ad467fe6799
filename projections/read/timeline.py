"""Read how many deliveries were received over time: as they are projected, or of all topics from the log."""

from typing import Annotated, Any, Literal

import msgspec
import psycopg
from msgspec import Meta

from eventlog.statements import statement
from eventlog.timestamps import Moment, rfc3339
from projections.errors import ProjectionDropped
from projections.read.events import BEGINNING
from projections.read.session import ReadSession
from projections.read.topics import EVERY_TOPIC, TopicRange

BucketLength = Literal["minute", "hour", "day"]
BUCKETS: dict[BucketLength, str] = {"minute": "1 minute", "hour": "1 hour", "day": "1 day"}


class Bucket(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How many deliveries were received in the bucket that begins at `start`."""

    topic: Annotated[str | None, Meta(description="left out where all topics are counted together")] = None
    start: Moment
    received: int


class Timeline(msgspec.Struct, frozen=True):
    """Deliveries over time, by start, then topic; buckets without any are left out."""

    bucket: BucketLength
    complete: Annotated[bool, Meta(description="false when there are more counts than `limit`")]
    counts: list[Bucket]


class TimelineRange(msgspec.Struct, frozen=True):
    """Which buckets: from since (inclusive) to until (exclusive), in UTC; at most `limit` counts."""

    limit: int
    bucket: BucketLength = "minute"
    since: str | None = None
    until: str | None = None
    newest_first: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "bucket": BUCKETS[self.bucket],
            "since": self.since or BEGINNING,
            "until": self.until,
            "newest_first": self.newest_first,
            "limit": self.limit,
        }


async def timeline(
    connection: ReadSession, span: TimelineRange, topics: TopicRange, partitions: int, *, by_topic: bool
) -> Timeline:
    """Return the counts of each topic, or of those topics together.

    Raises ProjectionDropped.
    """
    if topics == EVERY_TOPIC and not by_topic:
        return await _of_all(connection, span)
    parameters = {
        **span.parameters,
        "partitions": topics.partitions(partitions),
        "topic_from": topics.low,
        "topic_to": topics.high,
        "by_topic": by_topic,
    }
    try:
        rows = await (await connection.execute(statement("read/timeline"), parameters)).fetchall()
    except psycopg.errors.UndefinedTable:
        raise ProjectionDropped("timeline") from None
    counts = [
        Bucket(topic=topic, start=rfc3339(start), received=received)
        for topic, start, received in rows[: span.limit]
    ]
    return Timeline(span.bucket, len(rows) <= span.limit, counts)


async def _of_all(connection: ReadSession, span: TimelineRange) -> Timeline:
    row = await (await connection.execute(statement("read/timeline_of_all"), span.parameters)).fetchone()
    assert row is not None
    complete, starts, received = row
    counts = [
        Bucket(start=rfc3339(start), received=count) for start, count in zip(starts, received, strict=True)
    ]
    return Timeline(span.bucket, complete, counts[::-1] if span.newest_first else counts)
