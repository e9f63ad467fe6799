"""Read how many deliveries were received over time."""

import msgspec
import psycopg

from eventlog.errors import ProjectionDropped
from eventlog.moments import rfc3339
from eventlog.read.events import BEGINNING
from eventlog.read.session import Reader
from eventlog.read.topics import TopicRange
from eventlog.statements import statement

BUCKETS = {"minute": "1 minute", "hour": "1 hour", "day": "1 day"}


class Bucket(msgspec.Struct, frozen=True):
    """The deliveries of one topic that were received in the bucket that begins at `start`."""

    topic: str
    start: str
    received: int


class Timeline(msgspec.Struct, frozen=True):
    """Buckets with deliveries in them, by (start, topic); not complete when the limit cut it off."""

    bucket: str
    complete: bool
    counts: list[Bucket]


async def timeline(
    connection: Reader,
    topics: TopicRange,
    partitions: int,
    *,
    bucket: str,
    since: str | None,
    until: str | None,
    limit: int,
) -> Timeline:
    """Return the counts of the buckets from since (inclusive) to until (exclusive), in UTC.

    Raises ProjectionDropped.
    """
    parameters = {
        "bucket": BUCKETS[bucket],
        "partitions": topics.partitions(partitions),
        "topic_from": topics.low,
        "topic_to": topics.high,
        "since": since or BEGINNING,
        "until": until,
        "limit": limit,
    }
    try:
        rows = await (await connection.execute(statement("read/timeline"), parameters)).fetchall()
    except psycopg.errors.UndefinedTable:
        raise ProjectionDropped("timeline") from None
    counts = [Bucket(topic, rfc3339(start), received) for topic, start, received in rows[:limit]]
    return Timeline(bucket, len(rows) <= limit, counts)
