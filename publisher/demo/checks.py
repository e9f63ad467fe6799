"""Hold what the database has against what was sent, by SQL of its own: delivery by delivery.

Nothing here trusts a count of the product. The counts are taken again from `inbox` alone, and every
text is compared with the one that was sent.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from publisher.books import ServerStats
from publisher.simulation.workload import Workload

ROWS_AT_ONCE = 5_000


class Count(msgspec.Struct, frozen=True):
    """One count: of what was sent, as GET /stats says, as SQL recounts it (None: it cannot be)."""

    name: str
    sent: int
    stats: int
    recounted: int | None

    @property
    def exact(self) -> bool:
        """Whether all of them are the same."""
        return self.stats == self.sent and self.recounted in (None, self.sent)


class Fact(msgspec.Struct, frozen=True):
    """Something that must hold of each of many: how many were looked at, how many are wrong."""

    name: str
    looked_at: int
    wrong: int

    @property
    def exact(self) -> bool:
        """Whether the fact holds of everything that was looked at."""
        return self.wrong == 0


class Recount(msgspec.Struct, frozen=True):
    """Counts that are made from `inbox` alone."""

    received: int
    unique_events: int
    conflicts: int


class Checked(msgspec.Struct, frozen=True):
    """How many were looked at, and how many are wrong."""

    looked_at: int
    wrong: int


class TopicCounts(msgspec.Struct, frozen=True):
    """One topic's counts, from `inbox` and from the statistics; None where one has no such topic."""

    topic: str
    received: int | None
    unique_events: int | None
    stats_received: int | None
    stats_unique: int | None
    stats_duplicates: int | None


class LogEntry(msgspec.Struct, frozen=True):
    """A delivery in the log."""

    topic: str
    event_id: str
    raw: str | None


class EventRow(msgspec.Struct, frozen=True):
    """An event of the projection."""

    topic: str
    event_id: str
    moment: datetime
    source: str
    payload: str | None


class SentEvent(msgspec.Struct, frozen=True):
    """The same as it was sent."""

    timestamp: datetime
    source: str
    payload: msgspec.Raw


def check_counts(connection: Connection, workload: Workload, stats: ServerStats) -> list[Count]:
    """Compare the counts of GET /stats and of a recount with what was sent, all of it acknowledged."""
    recount = connection.cursor(row_factory=class_row(Recount)).execute(statement("demo/recount")).fetchone()
    assert recount is not None
    duplicates = recount.received - recount.unique_events
    return [
        Count("received", workload.events, stats.received, recount.received),
        Count("unique", workload.unique, stats.unique_processed, recount.unique_events),
        Count("duplicates", workload.repeats, stats.duplicate_dropped, duplicates),
        Count("conflicts", 0, stats.conflicts, recount.conflicts),
        Count("quarantined", 0, stats.quarantined, None),
        Count("pending", 0, stats.pending, None),
    ]


def check_facts(connection: Connection, workload: Workload) -> Iterator[Fact]:
    """Check what a count cannot show."""
    numbers = {workload.key(number): number for number in range(workload.unique)}
    yield _fact(connection, "positions without a gap, by partition", "demo/positions")
    yield _fact(connection, "books that balance, by partition", "demo/books")
    yield _check_topics(connection, workload)
    yield _check_deliveries(connection, workload, numbers)
    yield _fact(connection, "events that are their first delivery", "demo/first_deliveries")
    yield _check_events(connection, workload, numbers)


def _fact(connection: Connection, name: str, query: str) -> Fact:
    row = connection.cursor(row_factory=class_row(Checked)).execute(statement(query)).fetchone()
    assert row is not None
    return Fact(name, row.looked_at, row.wrong)


def _check_topics(connection: Connection, workload: Workload) -> Fact:
    received = Counter(workload.key(number)[0] for number in workload.sequence())
    unique = Counter(workload.key(number)[0] for number in range(workload.unique))
    rows = connection.cursor(row_factory=class_row(TopicCounts)).execute(statement("demo/topics")).fetchall()
    wrong = sum(row != _expected(row.topic, received[row.topic], unique[row.topic]) for row in rows)
    missing = len(received.keys() - {row.topic for row in rows})
    return Fact("topics whose statistics are right", len(received), wrong + missing)


def _expected(topic: str, received: int, unique: int) -> TopicCounts:
    return TopicCounts(topic, received, unique, received, unique, received - unique)


def _check_deliveries(
    connection: Connection, workload: Workload, numbers: dict[tuple[str, str], int]
) -> Fact:
    """Find each delivery that was sent, once, to the byte, and no other."""
    outstanding = Counter(workload.sequence())
    wrong = 0
    with connection.transaction(), connection.cursor("deliveries", row_factory=class_row(LogEntry)) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        for row in cursor.execute(statement("demo/deliveries")):
            number = numbers.get((row.topic, row.event_id))
            if number is None or row.raw != workload.render(number):
                wrong += 1
            else:
                outstanding[number] -= 1
    wrong += sum(abs(left) for left in outstanding.values())
    return Fact("acknowledged deliveries in the log, to the byte", workload.events, wrong)


def _check_events(connection: Connection, workload: Workload, numbers: dict[tuple[str, str], int]) -> Fact:
    """Find each event in the projection, with source, time and payload as they were sent."""
    decoder = msgspec.json.Decoder(SentEvent)
    missing = set(numbers)
    wrong = 0
    with connection.transaction(), connection.cursor("events", row_factory=class_row(EventRow)) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        for row in cursor.execute(statement("demo/events")):
            key = (row.topic, row.event_id)
            missing.discard(key)
            wrong += key not in numbers or not _equal(row, decoder.decode(workload.render(numbers[key])))
    return Fact("events that come back as they were sent", workload.unique, wrong + len(missing))


def _equal(row: EventRow, sent: SentEvent) -> bool:
    return (
        row.source == sent.source
        and row.moment == sent.timestamp
        and row.payload == str(sent.payload, "utf-8")
    )
