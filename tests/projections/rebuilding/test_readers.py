"""Readers never see a table that is missing, empty or shorter, whenever their snapshot is from."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from projections.install import clear_up
from projections.operations import Progress
from projections.projection import CORE
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.deliveries import append_events, event
from tests.support.polling import COUNTS, Poller, polling, sql_reader
from tests.support.projecting import workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@contextmanager
def reading(dsn: str) -> Iterator[None]:
    with sql_reader(dsn, repeatable=False) as committed, sql_reader(dsn, repeatable=True) as repeatable:
        pollers = [Poller("read committed", committed), Poller("repeatable read", repeatable)]
        with polling(*pollers):
            yield
    assert [poller.faults for poller in pollers] == [[], []]
    assert all(poller.reads > 10 for poller in pollers)


@contextmanager
def publishing(dsn: str) -> Iterator[None]:
    stop = threading.Event()

    def publish() -> None:
        while not stop.is_set():
            append_events(dsn, [event(f"shop.order.{n % 7}") for n in range(20)])

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_who_polls_all_the_time_sees_no_error_and_never_fewer_rows(database: str) -> None:
    with workers(database, 2), publishing(database), reading(database):
        for version in range(2, 7):
            assert rebuild(database, CORE, Options(workers=2)).version == version
    assert verify(database, CORE).differing == []


class Rebuilding:
    """A rebuild in a thread, and what it says."""

    def __init__(self, dsn: str) -> None:
        self.phases: list[str] = []
        self.failures: list[BaseException] = []
        self.cancelled = threading.Event()
        self._dsn = dsn
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            rebuild(self._dsn, CORE, cancelled=self.cancelled, watch=self._watch)
        except Exception as error:
            self.failures.append(error)

    def _watch(self, progress: Progress) -> None:
        self.phases.append(progress.phase)

    def waits_for(self, what: str) -> bool:
        return any(what in phase for phase in self.phases)


@contextmanager
def rebuilding(dsn: str) -> Iterator[Rebuilding]:
    running = Rebuilding(dsn)
    running.thread.start()
    try:
        yield running
    finally:
        running.cancelled.set()
        running.thread.join()


def ended(running: Rebuilding) -> bool:
    return not running.thread.is_alive()


def test_a_snapshot_from_before_is_waited_for_and_sees_all_of_it(
    database: str, connection: Connection
) -> None:
    before = connection.execute(COUNTS).fetchone()
    with psycopg.connect(database) as old, rebuilding(database) as running:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT count(*) FROM partitions")
        until(lambda: running.waits_for(f"session {old.info.backend_pid} "))
        assert old.execute(COUNTS).fetchone() == before
        old.commit()
        until(lambda: ended(running))
        assert running.failures == []
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 2


def test_the_switch_waits_until_the_new_version_has_all_that_the_live_one_has(
    database: str, connection: Connection
) -> None:
    before = connection.execute(COUNTS).fetchone()
    assert before is not None
    made = "SELECT count(*) FROM claims WHERE projection = 'core' AND version = 2"
    with psycopg.connect(database) as holder, psycopg.connect(database) as gate, workers(database):
        # Nothing is switched while somebody migrates, and nobody projects a partition that is claimed.
        gate.execute("SELECT pg_advisory_lock(hashtextextended('eventlog.migrate', 0))")
        with rebuilding(database) as running:
            until(lambda: scalar(connection, made))
            holder.execute("SELECT FROM claims WHERE projection = 'core' AND version = 2 FOR UPDATE")
            append_events(database, [event() for _ in range(10)])
            until(lambda: scalar(connection, "SELECT count(*) FROM events") == before[0] + 10)
            gate.execute("SELECT pg_advisory_unlock_all()")
            until(lambda: running.waits_for("waiting for the workers") or ended(running))
            assert scalar(connection, "SELECT count(*) FROM events") == before[0] + 10
            holder.rollback()
            until(lambda: ended(running))
            assert running.failures == []
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 2
    assert scalar(connection, "SELECT count(*) FROM events") == before[0] + 10


def test_a_session_that_keeps_a_stable_view_locked_delays_the_switch_alone(
    database: str, connection: Connection
) -> None:
    # Other readers queue up behind an attempt, and so for a moment at most.
    connection.execute("SET statement_timeout = '5s'")
    with psycopg.connect(database) as console, workers(database), rebuilding(database) as running:
        console.execute("SELECT count(*) FROM events")
        until(
            lambda: (
                scalar(connection, "SELECT count(*) FROM events") is not None
                and running.waits_for("readers of the stable views")
            )
        )
        # Appends, workers and other readers go on meanwhile.
        before = connection.execute(COUNTS).fetchone()
        assert before is not None
        append_events(database, [event() for _ in range(10)])
        until(lambda: scalar(connection, "SELECT count(*) FROM events") == before[0] + 10)
        console.rollback()
        until(lambda: ended(running))
        assert running.failures == []
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 2


def test_who_reads_the_old_tables_reads_them_to_the_end(database: str, connection: Connection) -> None:
    """A snapshot from before the switch that reads the version's own tables keeps them."""
    with psycopg.connect(database) as console:
        count = console.execute("SELECT count(*) FROM core_1.events").fetchone()
        outcome = rebuild(database, CORE)
        assert outcome.kept == ["core_1"]
        clear_up(database, [CORE])
        assert console.execute("SELECT count(*) FROM core_1.events").fetchone() == count
    clear_up(database, [CORE])
    assert scalar(connection, "SELECT to_regnamespace('core_1')") is None


def test_cancelled_while_it_waits_it_leaves_nothing_behind(database: str, connection: Connection) -> None:
    with psycopg.connect(database) as console, rebuilding(database) as running:
        console.execute("SELECT count(*) FROM events")
        until(lambda: running.waits_for("readers of the stable views"))
        running.cancelled.set()
        until(lambda: ended(running))
    assert scalar(connection, "SELECT state FROM operations ORDER BY started_at DESC LIMIT 1") == "cancelled"
    assert scalar(connection, "SELECT to_regnamespace('core_2')") is None
    assert scalar(connection, "SELECT count(*) FROM claims WHERE projection = 'core' AND version = 2") == 0
    assert verify(database, CORE).differing == []
