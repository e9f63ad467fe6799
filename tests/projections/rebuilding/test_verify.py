"""Verify finds whatever was changed behind the workers' back, names the delivery, and exits with 3."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.drop import drop
from projections.errors import ProjectionDropped, ProjectionOutdated
from projections.projection import CORE, Projection
from projections.verify import verify
from tests.support.command_line import eventlog
from tests.support.deliveries import append_events, event
from tests.support.projecting import workers
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

EVENT = "(SELECT partition, position FROM core_1.events ORDER BY partition, position LIMIT 1)"

TAMPERINGS = {
    "an event deleted": ("events", f"DELETE FROM core_1.events WHERE (partition, position) = {EVENT}"),
    "an event's hash changed": (
        "events",
        f"UPDATE core_1.events SET content_hash = 7 WHERE (partition, position) = {EVENT}",
    ),
    "an event's time changed": (
        "events",
        'UPDATE core_1.events SET "timestamp" = "timestamp" + interval \'1 microsecond\''
        f" WHERE (partition, position) = {EVENT}",
    ),
    "a duplicate added": (
        "duplicates",
        f"INSERT INTO core_1.duplicates SELECT position, 77777, partition FROM {EVENT} AS first",
    ),
    "a conflict forgotten": (
        "conflicts",
        "DELETE FROM core_1.conflicts WHERE ctid = (SELECT min(ctid) FROM core_1.conflicts)",
    ),
    "statistics changed": (
        "stats",
        "UPDATE core_1.stats_deltas SET unique_count = unique_count + 1"
        " WHERE ctid = (SELECT min(ctid) FROM core_1.stats_deltas)",
    ),
    "a step counted wrong": (
        "steps",
        "UPDATE steps SET unique_count = unique_count + 1, duplicate_count = duplicate_count - 1"
        " WHERE projection = 'core' AND (partition, first) ="
        " (SELECT partition, first FROM steps WHERE projection = 'core' AND duplicate_count > 0"
        "  AND conflict_count < duplicate_count LIMIT 1)",
    ),
    "the quarantine emptied": ("quarantine", "DELETE FROM quarantine WHERE projection = 'core'"),
}


def test_a_projection_equals_its_replay(database: str) -> None:
    found = verify(database, CORE)
    assert (found.differing, found.differences) == ([], [])
    assert found.deliveries > 200
    assert found.rows > found.deliveries


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_changed_is_found(database: str, connection: Connection, name: str) -> None:
    relation, statement = TAMPERINGS[name]
    assert connection.execute(statement.encode()).rowcount > 0
    found = verify(database, CORE)
    assert {place.split(",")[0] for place in found.differing} == {relation}
    assert {row.relation for row in found.differences} == {relation}


def test_the_command_exits_with_3_and_names_the_delivery(database: str, connection: Connection) -> None:
    row = connection.execute(
        f"DELETE FROM core_1.events WHERE (partition, position) = {EVENT}".encode()
        + b" RETURNING partition, position"
    ).fetchone()
    assert row is not None
    found = eventlog("verify", "core", EVENTLOG_DSN=database)
    assert found.returncode == 3, found.stderr
    assert f"events {row[0]}:{row[1]} only in the replay" in found.stdout


def test_it_runs_beside_live_traffic(database: str) -> None:
    with workers(database, 2, batch_size=5):
        for _ in range(3):
            append_events(database, [event(f"shop.order.{n % 7}") for n in range(100)])
            assert verify(database, CORE).differing == []


def test_it_leaves_nothing_behind(database: str, connection: Connection) -> None:
    count = "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'pg_temp%'"
    verify(database, CORE)
    assert scalar(connection, count) == 0
    assert scalar(connection, "SELECT count(*) FROM steps WHERE version < 1") == 0
    assert scalar(connection, "SELECT count(*) FROM quarantine WHERE version < 1") == 0
    assert scalar(connection, "SELECT state FROM operations") == "done"


def test_a_dropped_projection_cannot_be_verified(database: str) -> None:
    drop(database, "core")
    with pytest.raises(ProjectionDropped):
        verify(database, CORE)


def test_other_code_cannot_verify_it(database: str) -> None:
    class Changed(Projection, frozen=True, dict=True):
        definition = "another"

    with pytest.raises(ProjectionOutdated):
        verify(database, Changed(CORE.name, CORE.folder, each=None))
