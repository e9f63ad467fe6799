"""Read events: one by its key, or a page of them by time.

A page by time costs what it holds, wherever it lies: a page begins after the key that the last one
ended with, and that key is a place in an index. Two ways lead there:

- along the index by time of each partition concerned, merged. Where only some of what lies there is
  wanted, a page looks at a bounded part of it, and may be short, or empty: it ends where it has looked to;
- for one event_id, by one probe of the key in each partition, of a bounded number of topics.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta
from psycopg.sql import SQL

from eventlog.errors import ReadTooLarge
from eventlog.log.partitions import partition_of
from eventlog.statements import statement
from eventlog.timestamps import Moment, rfc3339
from projections.read.session import ReadSession, reading, streamed
from projections.read.topics import BEYOND, EVERY_TOPIC, TopicRange

# A page ends early once its payloads have this many bytes: events are up to 1 MiB each.
PAGE_BYTES_MAX = 4 << 20
# The most events that a page looks at to find those that are wanted, and how many it begins with: what
# is wanted is seldom rare. Of all events that have one moment and topic, all are looked at.
SCAN_MAX = 100_000
SCAN_FIRST = 2_000
SCAN_GROWTH = 8
# The least that is looked at of a partition.
SCAN_MIN = 16
# The most topics that have an event of one id. They are put in order at each page.
TOPICS_OF_ID_MAX = 50_000
# Before the first moment that an event can have, and after the last one.
BEGINNING = "1970-01-01T00:00:00Z"
END = "infinity"

Direction = Literal["ascending", "descending"]
DIRECTIONS: dict[Direction, SQL] = {"ascending": SQL("ASC"), "descending": SQL("DESC")}
Query = Literal["read/by_time", "read/by_event_id", "read/horizon"]


class TimeKey(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order by time. `timestamp` is RFC 3339."""

    timestamp: str
    topic: str = ""
    event_id: str = ""


class Event(msgspec.Struct, frozen=True):
    """A deduplicated event: the first delivery of its (topic, event_id)."""

    topic: str
    event_id: str
    timestamp: Annotated[Moment, Meta(description="when it happened, as its publisher says; UTC")]
    source: str
    payload: Annotated[
        msgspec.Raw,
        Meta(description="the very text that was sent", extra_json_schema={"type": "object"}),
    ]
    partition: int
    position: Annotated[int, Meta(description="of its first delivery")]
    received_at: Moment
    processed_at: Annotated[
        Moment, Meta(description="when the live version projected it: a rebuild gives it a new one")
    ]

    @property
    def key(self) -> TimeKey:
        """Its place in the order by time."""
        return TimeKey(self.timestamp, self.topic, self.event_id)


class ByTime(msgspec.Struct, frozen=True):
    """Which events, and from where on. `since` is inclusive, `until` exclusive; both RFC 3339."""

    limit: int
    direction: Direction = "ascending"
    topics: TopicRange = EVERY_TOPIC
    source: str | None = None
    event_id: str | None = None
    since: str = BEGINNING
    until: str = END
    after: TimeKey | None = None  # exclusive, in the direction of reading
    bytes_max: int = PAGE_BYTES_MAX

    @property
    def begins(self) -> TimeKey:
        """Where it is read from, exclusive. No topic is empty: (moment, '', '') is before all of a moment."""
        return self.after or TimeKey(self.since if self.direction == "ascending" else self.until)

    @property
    def ends(self) -> TimeKey:
        """Where reading ends, exclusive."""
        return TimeKey(self.until if self.direction == "ascending" else self.since)

    @property
    def is_selective(self) -> bool:
        """Whether what lies between may be unwanted."""
        return self.source is not None or self.topics != EVERY_TOPIC


class Page(msgspec.Struct, frozen=True):
    """Some events, the key after which to go on, and whether there may be more."""

    events: list[Event]
    after: TimeKey
    has_more: bool


async def page_by_time(connection: ReadSession, wanted: ByTime, partitions: int) -> Page:
    """Return the next events by (timestamp, topic, event_id). `partitions` is how many the log has.

    Raises ReadTooLarge.
    """
    concerned = wanted.topics.partitions(partitions)
    async with reading(connection):
        if wanted.event_id is not None:
            await _require_few_topics(connection, wanted, concerned)
            return await _page(connection, "read/by_event_id", wanted, concerned, wanted.ends)
        if not wanted.is_selective:
            return await _page(connection, "read/by_time", wanted, concerned, wanted.ends)
        return await _selected(connection, wanted, concerned)


async def _require_few_topics(connection: ReadSession, wanted: ByTime, concerned: list[int]) -> None:
    parameters = {**_bounds(wanted, concerned, wanted.ends), "scan": TOPICS_OF_ID_MAX}
    row = await (await connection.execute(statement("read/topics_of_id"), parameters)).fetchone()
    if row is not None:
        raise ReadTooLarge(
            f"more than {TOPICS_OF_ID_MAX} topics have an event of this id: name the topic, "
            "or read in log order"
        )


async def _selected(connection: ReadSession, wanted: ByTime, concerned: list[int]) -> Page:
    """Look further and further, until the page is full or has looked at enough."""
    found: list[Event] = []
    scan, budget = SCAN_FIRST, SCAN_MAX
    while True:
        horizon = await _horizon(connection, wanted, concerned, scan)
        page = await _page(connection, "read/by_time", wanted, concerned, horizon or wanted.ends)
        found += page.events
        budget -= scan
        if horizon is None or len(page.events) == wanted.limit or page.has_more:
            return Page(found, page.after, page.has_more or horizon is not None)
        if budget <= 0:
            return Page(found, horizon, has_more=True)
        wanted = msgspec.structs.replace(wanted, after=horizon, limit=wanted.limit - len(page.events))
        scan = min(scan * SCAN_GROWTH, budget)


async def _horizon(
    connection: ReadSession, wanted: ByTime, concerned: list[int], scan: int
) -> TimeKey | None:
    """Return the key of an event some way ahead in one partition, through which to look; None for all."""
    query = page_query("read/horizon", wanted.direction)
    parameters = {
        **_bounds(wanted, concerned, wanted.ends),
        "scan": max(SCAN_MIN, scan // len(concerned)),
    }
    row = await (await connection.execute(query, parameters)).fetchone()
    if row is None:
        return None
    moment, topic = row
    return TimeKey(rfc3339(moment), topic, BEYOND if wanted.direction == "ascending" else "")


@cache
def page_query(name: Query, direction: Direction) -> SQL:
    """Return a statement that reads by time in one direction."""
    return SQL(statement(name).format(direction=DIRECTIONS[direction]).as_string())


def _bounds(wanted: ByTime, concerned: list[int], end: TimeKey) -> dict[str, Any]:
    """Say what is wanted as parameters, up to a key."""
    low, high = (wanted.begins, end) if wanted.direction == "ascending" else (end, wanted.begins)
    return {
        "partitions": concerned,
        "topic_from": wanted.topics.low,
        "topic_to": wanted.topics.high,
        "source": wanted.source,
        "event_id": wanted.event_id,
        # One more tells whether there is more.
        "limit": wanted.limit + 1,
        **{f"low_{name}": value for name, value in msgspec.structs.asdict(low).items()},
        **{f"high_{name}": value for name, value in msgspec.structs.asdict(high).items()},
    }


async def _page(
    connection: ReadSession, query: Query, wanted: ByTime, concerned: list[int], end: TimeKey
) -> Page:
    """Take rows up to a key as they come, until the page is full in number or in bytes."""
    events: list[Event] = []
    size = 0
    bounds = _bounds(wanted, concerned, end)
    async with streamed(connection, page_query(query, wanted.direction), bounds) as rows:
        async for row in rows:
            if len(events) == wanted.limit or size >= wanted.bytes_max:
                return Page(events, events[-1].key, has_more=True)
            found = SelectedEvent._make(row)
            events.append(to_event(found))
            size += len(found.payload)
    return Page(events, events[-1].key if events else wanted.begins, has_more=False)


class SelectedEvent(NamedTuple):
    """An event as the statements select it; with no topic it says how far a partition was looked through."""

    topic: str
    event_id: str
    timestamp: datetime
    source: str
    payload: str
    partition: int
    position: int
    received_at: datetime
    processed_at: datetime

    @property
    def is_place(self) -> bool:
        """Whether it is no event, but the position through which its partition was looked at."""
        return self.topic is None


def to_event(row: SelectedEvent) -> Event:
    """Make an event of a row."""
    return Event(
        row.topic,
        row.event_id,
        rfc3339(row.timestamp),
        row.source,
        msgspec.Raw(row.payload.encode()),
        row.partition,
        row.position,
        rfc3339(row.received_at),
        rfc3339(row.processed_at),
    )


async def event(connection: ReadSession, topic: str, event_id: str, partitions: int) -> Event | None:
    """Return one event, or None where none is projected."""
    key = {"partition": partition_of(topic, partitions), "topic": topic, "event_id": event_id}
    async with reading(connection):
        row = await (await connection.cursor(binary=True).execute(statement("read/event"), key)).fetchone()
    return None if row is None else to_event(SelectedEvent._make(row))
