"""Under load core is projected before all others, which still get their turn."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.database import connect
from projections.projection import CORE, TIMELINE
from projections.worker import Worker
from tests.support.deliveries import append_events, event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag

Connection = psycopg.Connection[TupleRow]


def worker_over(database: str) -> Worker:
    """Return a worker with three rounds of core, and as many of the timeline, before it."""
    append_events(database, [event(topic_in(n % PARTITIONS)) for n in range(PARTITIONS * 30)])
    return Worker(database, batch_size=10)


def test_while_core_is_behind_the_others_get_one_batch_when_their_time_has_come(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.OTHERS_SECONDS", 0.0)
    worker = worker_over(database)
    with connect(database, "projector", "worker") as session:
        for done in (10, 20, 30):
            assert worker.round(session)
            assert lag(connection, [CORE]) == PARTITIONS * (30 - done)
            assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - done
        assert worker.round(session)
        assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - 30 - PARTITIONS * 10


def test_before_their_time_the_others_wait_for_core_to_be_done(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.OTHERS_SECONDS", 3600.0)
    worker = worker_over(database)
    with connect(database, "projector", "worker") as session:
        for _ in range(3):
            assert worker.round(session)
        assert lag(connection, [CORE]) == 0
        assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - 10
        assert worker.round(session)
        assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - 10 - PARTITIONS * 10
