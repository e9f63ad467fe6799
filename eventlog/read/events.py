"""Read events: one by its key, or a page of them by time.

A page by time costs what it holds, wherever it lies: a page begins after the key that the last one
ended with, and that key is a place in an index. Two ways lead there:

- along the index by time of each partition concerned, merged; other topics are left out within the
  index, so a rare topic costs the length of its partition's index (measured: 0.1 s a million events);
- for one event_id, by one probe of the key in each partition.
"""

from functools import cache
from typing import Any, Literal

import msgspec
from psycopg.sql import SQL

from eventlog.moments import rfc3339
from eventlog.partitions import partition_of
from eventlog.read.session import Reader, reading, streamed
from eventlog.read.topics import EVERY_TOPIC, TopicRange
from eventlog.statements import statement

# A page ends early once its payloads have so many bytes: events are up to 1 MiB each.
PAGE_BYTES_MAX = 4 << 20
# Before the first moment that an event can have, and after the last one.
BEGINNING = "1970-01-01T00:00:00Z"
END = "infinity"

Direction = Literal["ascending", "descending"]
DIRECTIONS: dict[Direction, SQL] = {"ascending": SQL("ASC"), "descending": SQL("DESC")}
Way = Literal["by_time", "by_event_id"]


class Key(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order by time. `timestamp` is RFC 3339."""

    timestamp: str
    topic: str = ""
    event_id: str = ""


class Event(msgspec.Struct, frozen=True):
    """An event as it is answered; `payload` is the text that was sent."""

    topic: str
    event_id: str
    timestamp: str
    source: str
    payload: msgspec.Raw
    partition: int
    position: int
    received_at: str
    processed_at: str

    @property
    def key(self) -> Key:
        """Its place in the order by time."""
        return Key(self.timestamp, self.topic, self.event_id)


class ByTime(msgspec.Struct, frozen=True):
    """Which events, and from where on. `since` is inclusive, `until` exclusive; both RFC 3339."""

    limit: int
    direction: Direction = "ascending"
    topics: TopicRange = EVERY_TOPIC
    source: str | None = None
    event_id: str | None = None
    since: str = BEGINNING
    until: str = END
    after: Key | None = None  # exclusive, in the direction of reading


class Page(msgspec.Struct, frozen=True):
    """Some events, and whether there may be more after them."""

    events: list[Event]
    has_more: bool


async def page_by_time(connection: Reader, wanted: ByTime, partitions: int) -> Page:
    """Return the next events by (timestamp, topic, event_id). `partitions` is how many the log has."""
    way: Way = "by_time" if wanted.event_id is None else "by_event_id"
    async with reading(connection):
        return await _collect(connection, page_query(way, wanted.direction), _bounds(wanted, partitions))


@cache
def page_query(way: Way, direction: Direction) -> SQL:
    """Return the statement of a page that goes one of the two ways, in one direction."""
    return SQL(statement(f"read/{way}").format(direction=DIRECTIONS[direction]).as_string())


def _bounds(wanted: ByTime, partitions: int) -> dict[str, Any]:
    """Say what is wanted as parameters. No topic is empty, so (moment, '', '') is before all of a moment."""
    low, high = Key(wanted.since), Key(wanted.until)
    if wanted.after is not None and wanted.direction == "ascending":
        low = wanted.after
    elif wanted.after is not None:
        high = wanted.after
    return {
        "partitions": wanted.topics.partitions(partitions),
        "topic_from": wanted.topics.low,
        "topic_to": wanted.topics.high,
        "source": wanted.source,
        "event_id": wanted.event_id,
        "limit": wanted.limit,
        **{f"low_{name}": value for name, value in msgspec.structs.asdict(low).items()},
        **{f"high_{name}": value for name, value in msgspec.structs.asdict(high).items()},
    }


async def _collect(connection: Reader, query: SQL, bounds: dict[str, Any]) -> Page:
    """Take rows as they come, until the page is full in number or in bytes."""
    events: list[Event] = []
    size = 0
    async with streamed(connection, query, bounds) as rows:
        async for row in rows:
            events.append(to_event(row))
            size += len(row[4])
            if size >= PAGE_BYTES_MAX:
                return Page(events, has_more=True)
    return Page(events, has_more=len(events) == bounds["limit"])


def to_event(row: Any) -> Event:
    """Make an event of a row whose columns come as the fields do, the payload as text."""
    topic, event_id, timestamp, source, payload, partition, position, received_at, processed_at = row
    return Event(
        topic,
        event_id,
        rfc3339(timestamp),
        source,
        msgspec.Raw(payload.encode()),
        partition,
        position,
        rfc3339(received_at),
        rfc3339(processed_at),
    )


async def event(connection: Reader, topic: str, event_id: str, partitions: int) -> Event | None:
    """Return one event, or None where none is projected."""
    key = {"partition": partition_of(topic, partitions), "topic": topic, "event_id": event_id}
    async with reading(connection):
        row = await (await connection.cursor(binary=True).execute(statement("read/event"), key)).fetchone()
    return None if row is None else to_event(row)
