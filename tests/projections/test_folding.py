"""Small steps leave small rows, which are folded; in no snapshot does a count change by it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.worker import STEPS_KEPT
from tests.support.books import imbalances
from tests.support.deliveries import append_events, event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.workload import fill_log

Connection = psycopg.Connection[TupleRow]


class Auditor:
    """Checks the books all the time, each time in one snapshot."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.audits = 0
        self.found: list[str] = []
        self.stop = threading.Event()

    def run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self.stop.is_set() and not self.found:
                self.found = imbalances(connection)
                self.audits += 1


@contextmanager
def auditing(dsn: str) -> Iterator[None]:
    auditor = Auditor(dsn)
    thread = threading.Thread(target=auditor.run)
    thread.start()
    try:
        yield
    finally:
        auditor.stop.set()
        thread.join()
    assert auditor.found == []
    assert auditor.audits > 5


def sizes(connection: Connection) -> tuple[object, object]:
    return (
        scalar(connection, "SELECT count(*) FROM steps WHERE projection = 'core'"),
        scalar(connection, "SELECT count(*) FROM core_1.stats_deltas"),
    )


def test_every_snapshot_balances_while_workers_project_and_fold(
    database: str, connection: Connection
) -> None:
    with auditing(database):
        fill_log(database, 300)
        project_all(database, 2, batch_size=1)
        fill_log(database, 300, seed=8)
        project_all(database, 2, batch_size=2)
    assert imbalances(connection) == []


def test_after_hundreds_of_small_steps_few_rows_are_left(database: str, connection: Connection) -> None:
    append_events(database, [event(topic_in(0, f"t{n % 3}")) for n in range(5 * STEPS_KEPT)])
    project_all(database, batch_size=1)
    steps, deltas = sizes(connection)
    assert isinstance(steps, int)
    assert isinstance(deltas, int)
    assert steps <= 2 * STEPS_KEPT + 1
    assert deltas <= STEPS_KEPT + 3
    assert imbalances(connection) == []


def test_a_batch_with_many_topics_is_folded_early(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.UNFOLDED_DELIVERIES_MAX", 100)
    append_events(database, [event(topic_in(0, f"t{n % 40}")) for n in range(400)])
    project_all(database, batch_size=50)
    assert scalar(connection, "SELECT count(*) FROM core_1.stats_deltas") == 40


def test_a_snapshot_held_open_neither_stops_folding_nor_sees_it(
    database: str, connection: Connection
) -> None:
    fill_log(database, 200)
    project_all(database, batch_size=1)
    with psycopg.connect(database) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = old.execute("SELECT * FROM stats ORDER BY topic").fetchall()
        fill_log(database, 4 * STEPS_KEPT, seed=8)
        project_all(database, 2, batch_size=1)
        steps, _ = sizes(connection)
        assert isinstance(steps, int)
        assert steps <= PARTITIONS * (2 * STEPS_KEPT + 1)
        assert old.execute("SELECT * FROM stats ORDER BY topic").fetchall() == before
        assert imbalances(old) == []
    assert imbalances(connection) == []
