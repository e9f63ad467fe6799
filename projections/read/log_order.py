"""Read events in log order: after a position in each partition, and nothing that arrives later is missed.

Within a partition the order is that of the positions; partitions are merged by the time of receipt.
What a page looks at is bounded, not only what it holds: between two events that are wanted there may
be millions of deliveries that are not. So a page may be short, or empty, and its positions advance
nevertheless. Who gets an empty page with the positions they came with has everything there is.
"""

from typing import Any

import msgspec

from eventlog.errors import LogRewound
from eventlog.statements import statement
from projections.read.events import BEGINNING, END, PAGE_BYTES_MAX, Event, SelectedEvent, to_event
from projections.read.session import ReadSession, reading, streamed
from projections.read.topics import EVERY_TOPIC, TopicRange

# The most deliveries that one page looks at: 10,000 take 60 ms.
SCAN_MAX = 10_000
# The least that is looked at of a partition in one statement.
SCAN_MIN = 16

# Of each partition that is read, the position through which it was read.
Positions = dict[int, int]


class ByPosition(msgspec.Struct, frozen=True):
    """Which events, and after which positions. The positions' partitions are the ones that are read."""

    limit: int
    after: Positions
    topics: TopicRange = EVERY_TOPIC
    source: str | None = None
    event_id: str | None = None
    since: str = BEGINNING
    until: str = END
    # The positions to stop at; all there is by default.
    through: Positions | None = None
    bytes_max: int = PAGE_BYTES_MAX

    @property
    def filtered(self) -> bool:
        """Whether few of the deliveries may be wanted."""
        return self != ByPosition(self.limit, self.after, through=self.through, bytes_max=self.bytes_max)


class LogPage(msgspec.Struct, frozen=True):
    """Some events, the positions after them, and whether more is projected already."""

    events: list[Event]
    after: Positions
    has_more: bool


async def ends(connection: ReadSession, partitions: list[int]) -> Positions:
    """Return the positions through which these partitions are projected."""
    async with reading(connection):
        found = await checkpoints(connection)
    return {partition: checkpoint for partition, checkpoint in found.items() if partition in partitions}


async def checkpoints(connection: ReadSession) -> Positions:
    """Return the position through which each partition is projected; none while core is dropped."""
    cursor = await connection.execute(statement("read/checkpoints"), {"projection": "core"})
    return dict(await cursor.fetchall())


async def require_within(connection: ReadSession, place: Positions) -> None:
    """Raise LogRewound where a place lies beyond the log."""
    rows = await (await connection.execute(statement("read/heads"), {"partitions": list(place)})).fetchall()
    for partition, head in rows:
        if place[partition] > head:
            raise LogRewound(f"partition {partition}", place[partition], head)


async def page_by_position(connection: ReadSession, wanted: ByPosition) -> LogPage:
    """Return the next events in log order. Several statements, each with a snapshot of its own.

    Raises LogRewound.
    """
    partitions = max(1, len(wanted.after))
    budget = max(SCAN_MAX, SCAN_MIN * partitions)
    # What was received together is told apart by its partition alone: then a whole page comes from the first
    # of them, duplicates left out. To read that much of each costs less than to ask once more.
    scan = budget // partitions if wanted.filtered else min(budget // partitions, wanted.limit * 3 // 2)
    scan = max(SCAN_MIN, scan)
    events: list[Event] = []
    after = wanted.after
    async with reading(connection):
        await require_within(connection, after)
        while True:
            stretch = await _stretch(connection, wanted, after, scan, wanted.limit - len(events))
            events += stretch.events
            budget -= sum(stretch.after.values()) - sum(after.values())
            after = stretch.after
            size = sum(len(bytes(e.payload)) for e in events)
            full = len(events) >= wanted.limit or size >= wanted.bytes_max
            if full or budget <= 0 or not stretch.has_more:
                return LogPage(events, after, stretch.has_more)
            scan = max(SCAN_MIN, min(scan * 4, budget // partitions))


async def _stretch(
    connection: ReadSession, wanted: ByPosition, after: Positions, scan: int, limit: int
) -> LogPage:
    parameters = {
        "partitions": list(after),
        "positions": list(after.values()),
        "through": None if wanted.through is None else [wanted.through[partition] for partition in after],
        "scan": scan,
        "limit": limit,
        "topic_from": wanted.topics.low,
        "topic_to": wanted.topics.high,
        "source": wanted.source,
        "event_id": wanted.event_id,
        "since": wanted.since,
        "until": wanted.until,
    }
    async with streamed(connection, statement("read/by_position"), parameters) as rows:
        return await _collect(rows, after, wanted.bytes_max)


async def _collect(rows: Any, after: Positions, bytes_max: int) -> LogPage:
    """Take the positions, which come first, then events until the page is full in bytes."""
    through = dict(after)
    events: list[Event] = []
    size = 0
    has_more = False
    async for *columns, more in rows:
        row = SelectedEvent._make(columns)
        if row.is_place:
            through[row.partition] = row.position
            has_more = has_more or more
            continue
        events.append(to_event(row))
        size += len(row.payload)
        if size >= bytes_max:
            return LogPage(events, _through(events, after), has_more=True)
    return LogPage(events, through, has_more)


def _through(events: list[Event], after: Positions) -> Positions:
    """Return the positions after just these events: those of a page that was cut short."""
    return {**after, **{event.partition: event.position for event in events}}
