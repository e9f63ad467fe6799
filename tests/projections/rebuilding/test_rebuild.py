"""A rebuild ends with the same rows, however it is done, and the version before is gone."""

import threading

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.sessions.database import connect
from projections import replay, versions
from projections.errors import OperationRefused
from projections.install import set_up
from projections.operations import operation
from projections.projection import CORE, PROJECTIONS, TIMELINE, Projection
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.contents import content_of_live
from tests.support.deliveries import append_events, event, insert_behind_the_door
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag, project_all, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.mark.parametrize("count", [1, 4, 8])
@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_by_any_number_of_workers_it_ends_with_the_same_content(
    database: str, connection: Connection, projection: Projection, count: int
) -> None:
    before = content_of_live(database, projection)
    outcome = rebuild(database, projection, Options(workers=count, verify=True))
    assert (outcome.version, outcome.resumed, outcome.kept) == (2, False, [])
    assert content_of_live(database, projection) == before
    assert verify(database, projection).differing == []


def test_nothing_is_left_of_the_version_before(database: str, connection: Connection) -> None:
    rebuild(database, CORE)
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 2
    assert scalar(connection, "SELECT to_regnamespace('core_1')") is None
    for table in ("projection_versions", "claims", "steps", "quarantine"):
        left = scalar(connection, f"SELECT count(*) FROM {table} WHERE projection = 'core' AND version <> 2")
        assert left == 0, table


def test_a_filled_partition_is_one_step(database: str, connection: Connection) -> None:
    rebuild(database, CORE)
    assert scalar(connection, "SELECT count(*) FROM quarantine WHERE projection = 'core'") != 0
    partitions = scalar(connection, "SELECT count(DISTINCT partition) FROM inbox")
    assert scalar(connection, "SELECT count(*) FROM steps WHERE projection = 'core'") == partitions


def test_filled_or_played_in_steps_it_is_the_same(database: str) -> None:
    before = content_of_live(database, CORE)
    rebuild(database, CORE, Options(throttle=1_000_000, batch_size=13))
    assert content_of_live(database, CORE) == before
    rebuild(database, CORE)
    assert content_of_live(database, CORE) == before


def test_poison_that_nobody_has_met_yet_is_set_aside(database: str, connection: Connection) -> None:
    append_events(database, [event() for _ in range(50)])
    insert_behind_the_door(connection, ['{"timestamp": "now", "source": "shop", "payload": {}}'] * 2)
    append_events(database, [event() for _ in range(50)])
    before = scalar(connection, "SELECT count(*) FROM quarantine WHERE projection = 'core'")
    rebuild(database, CORE)
    assert isinstance(before, int)
    assert scalar(connection, "SELECT count(*) FROM quarantine WHERE projection = 'core'") == before + 2
    assert verify(database, CORE).differing == []
    project_all(database)
    assert verify(database, CORE).differing == []


def test_what_no_key_takes_is_found_by_stepping(database: str, connection: Connection) -> None:
    """The log refuses such keys, so this takes two of its rules away: any projection may have keys."""
    connection.execute("ALTER TABLE inbox DROP CONSTRAINT key_fits_an_index")
    connection.execute("DROP INDEX quarantine_by_event")
    too_long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2_000))
    insert_behind_the_door(connection, [event().raw.decode()], event_id=too_long)
    set_aside = "SELECT count(*) FROM quarantine WHERE projection = 'core' AND event_id = %s"
    for _ in range(2):  # the second time, it is known
        rebuild(database, CORE, Options(verify=True))
        assert scalar(connection, set_aside, too_long) == 1
    assert verify(database, CORE).differing == []


def test_what_the_content_does_not_explain_stays_set_aside(database: str, connection: Connection) -> None:
    partition, position = (
        connection.execute("SELECT partition, position FROM core_1.duplicates LIMIT 1").fetchone() or ()
    )
    connection.execute(
        "INSERT INTO quarantine (partition, projection, version, position, topic, event_id, sqlstate, cause)"
        " SELECT partition, 'core', 1, position, topic, event_id, '57014', 'killed its process'"
        " FROM inbox WHERE partition = %s AND position = %s",
        [partition, position],
    )
    rebuild(database, CORE)
    kept = "SELECT sqlstate FROM quarantine WHERE version = %s AND (partition, position) = (%s, %s)"
    assert scalar(connection, kept, 2, partition, position) == "57014"
    assert (
        scalar(
            connection,
            "SELECT count(*) FROM core_2.duplicates WHERE (partition, position) = (%s, %s)",
            partition,
            position,
        )
        == 0
    )
    assert verify(database, CORE).differing == []
    rebuild(database, CORE, Options(in_place=True))
    assert scalar(connection, kept, 3, partition, position) == "57014"


def test_what_can_be_digested_by_now_is_projected(database: str, connection: Connection) -> None:
    """Nothing that the content explains is believed: a replay is a function of the log."""
    connection.execute(
        "INSERT INTO quarantine (partition, projection, version, position, topic, event_id, sqlstate, cause)"
        " SELECT partition, 'core', 1, position, topic, event_id, '22000', 'a bug, mended since'"
        " FROM inbox"
        " WHERE (partition, position) IN (SELECT partition, position FROM core_1.duplicates LIMIT 5)"
    )
    before = verify(database, CORE)
    assert {row.side for row in before.differences} == {"projection"}
    rebuild(database, CORE)
    assert verify(database, CORE).differing == []


def test_under_live_traffic_it_catches_up_and_switches(database: str, connection: Connection) -> None:
    stop = threading.Event()

    def publish() -> None:
        while not stop.is_set():
            append_events(database, [event(f"shop.order.{n % 7}") for n in range(50)])

    publishing = threading.Thread(target=publish)
    with workers(database, 2):
        publishing.start()
        try:
            for version in range(2, 6):
                assert rebuild(database, CORE, Options(workers=2)).version == version
        finally:
            stop.set()
            publishing.join()
        until(lambda: lag(connection) == 0)
    assert verify(database, CORE).differing == []


def test_the_books_of_the_new_version_add_up(database: str, connection: Connection) -> None:
    before = connection.execute("SELECT * FROM stats ORDER BY topic").fetchall()
    rebuild(database, CORE)
    assert connection.execute("SELECT * FROM stats ORDER BY topic").fetchall() == before


def test_a_second_one_is_refused_by_name(database: str) -> None:
    with operation(database, "rebuild", "core") as first:
        with pytest.raises(OperationRefused, match=str(first.id)):
            rebuild(database, CORE)
        rebuild(database, TIMELINE)
    rebuild(database, CORE)


def test_of_two_begun_at_once_exactly_one_wins(database: str) -> None:
    ready = threading.Barrier(4)
    outcomes: list[str] = []

    def begin() -> None:
        ready.wait()
        try:
            rebuild(database, CORE)
            outcomes.append("done")
        except OperationRefused:
            outcomes.append("refused")

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "done" in outcomes
    assert len(outcomes) == 4
    assert verify(database, CORE).differing == []


def test_who_starts_afterwards_leaves_the_views_alone(database: str, connection: Connection) -> None:
    rebuild(database, CORE)
    changes = (
        "SELECT array_agg(r.xmin::text ORDER BY r.oid) FROM pg_rewrite AS r"
        " JOIN pg_class AS c ON c.oid = r.ev_class WHERE c.relnamespace = 'eventlog'::regnamespace"
    )
    before = scalar(connection, changes)
    assert set_up(database, PARTITIONS) == []
    assert scalar(connection, changes) == before
    assert scalar(connection, "SELECT count(*) FROM events") != 0


def test_no_worker_sees_a_version_before_it_is_filled(database: str) -> None:
    with connect(database, "owner", "test") as owner, owner.transaction(force_rollback=True):
        version = versions.create(owner, CORE)
        claims = scalar(owner, "SELECT count(*) FROM claims WHERE projection = 'core' AND version = 2")
        assert claims == 0
        assert sum(span.deliveries for span in replay.spans(owner, version)) > 0
