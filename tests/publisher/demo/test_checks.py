"""The demo's checks: each one sees the fault that it is there for."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from publisher.books import ServerStats
from publisher.demo.checks import Fact, check_counts, check_facts
from publisher.simulation.workload import Workload
from tests.support.deliveries import append_events
from tests.support.projecting import project_all

Connection = psycopg.Connection[TupleRow]
WORKLOAD = Workload(events=200, duplicates=0.3, topics=5, seed=7)
AS_SENT = ServerStats(
    received=200, unique_processed=140, duplicate_dropped=60, conflicts=0, quarantined=0, pending=0
)


@pytest.fixture
def published(database: str) -> str:
    """Append and project the workload; return the database's address."""
    events = [
        AcceptedEvent(*WORKLOAD.key(number), WORKLOAD.render(number).encode())
        for number in WORKLOAD.sequence()
    ]
    append_events(database, events)
    project_all(database)
    return database


@pytest.fixture
def facts(published: str, connection: Connection) -> Callable[[], dict[str, Fact]]:
    return lambda: {fact.name: fact for fact in check_facts(connection, WORKLOAD)}


Facts = Callable[[], dict[str, Fact]]


def wrong(facts: dict[str, Fact]) -> dict[str, int]:
    return {name: fact.wrong for name, fact in facts.items() if not fact.exact}


def test_what_was_published_and_projected_passes(facts: Facts, connection: Connection) -> None:
    assert wrong(facts()) == {}
    assert all(count.exact for count in check_counts(connection, WORKLOAD, AS_SENT))


def test_a_count_that_is_off_by_one_is_seen(published: str, connection: Connection) -> None:
    off = ServerStats(
        received=200, unique_processed=141, duplicate_dropped=59, conflicts=0, quarantined=0, pending=0
    )
    inexact = [count.name for count in check_counts(connection, WORKLOAD, off) if not count.exact]
    assert inexact == ["unique", "duplicates"]


def test_a_delivery_too_many_is_seen_by_the_recount(published: str, connection: Connection) -> None:
    number = next(iter(WORKLOAD.sequence()))
    append_events(published, [AcceptedEvent(*WORKLOAD.key(number), WORKLOAD.render(number).encode())])
    inexact = [count.name for count in check_counts(connection, WORKLOAD, AS_SENT) if not count.exact]
    assert inexact == ["received", "duplicates"]


def test_a_lost_event_is_seen(facts: Facts, connection: Connection) -> None:
    connection.execute("DELETE FROM core_1.events WHERE event_id = (SELECT min(event_id) FROM core_1.events)")
    assert wrong(facts()) == {
        "events that are their first delivery": 1,
        "events that come back as they were sent": 1,
    }


def test_an_event_from_nowhere_is_seen(facts: Facts, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO core_1.events (position, timestamp, content_hash, partition, topic, event_id, source)"
        " SELECT position, timestamp, content_hash, partition, topic, 'nobody', source"
        " FROM core_1.events LIMIT 1"
    )
    assert wrong(facts()) == {
        "events that are their first delivery": 1,
        "events that come back as they were sent": 1,
    }


def test_an_event_with_another_source_is_seen(facts: Facts, connection: Connection) -> None:
    connection.execute(
        "UPDATE core_1.events SET source = 'x' WHERE event_id = (SELECT max(event_id) FROM core_1.events)"
    )
    assert wrong(facts()) == {"events that come back as they were sent": 1}


def test_an_event_that_is_a_later_delivery_is_seen(facts: Facts, connection: Connection) -> None:
    connection.execute(
        "UPDATE core_1.events AS e SET position = d.position FROM core_1.duplicates AS d"
        " WHERE d.partition = e.partition AND d.first_position = e.position"
    )
    assert wrong(facts()).keys() == {"events that are their first delivery"}


def test_statistics_that_are_off_are_seen(facts: Facts, connection: Connection) -> None:
    connection.execute(
        "UPDATE core_1.stats_deltas SET unique_count = unique_count + 1"
        " WHERE topic = (SELECT min(topic) FROM core_1.stats_deltas)"
    )
    assert wrong(facts()) == {"topics whose statistics are right": 1}


def test_books_that_are_off_are_seen(facts: Facts, connection: Connection) -> None:
    connection.execute("DELETE FROM steps WHERE partition = (SELECT min(partition) FROM steps)")
    assert wrong(facts()) == {"books that balance, by partition": 1}


def test_a_changed_and_a_lost_delivery_are_seen(facts: Facts, connection: Connection) -> None:
    connection.execute("ALTER TABLE inbox_0 DISABLE TRIGGER log_is_append_only")
    connection.execute("UPDATE inbox_0 SET raw = '{}' WHERE position = 1")
    assert wrong(facts())["acknowledged deliveries in the log, to the byte"] == 2
    connection.execute("DELETE FROM inbox_0 WHERE position = 1")
    seen = wrong(facts())
    assert seen["acknowledged deliveries in the log, to the byte"] == 1
    assert seen["positions without a gap, by partition"] == 1
