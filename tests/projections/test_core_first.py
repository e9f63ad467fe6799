"""Under load core is projected before all others, which still get their turn."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.sessions.database import connect
from projections.projection import CORE, TIMELINE
from projections.worker import Worker
from tests.support.deliveries import append_events, event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag

Connection = psycopg.Connection[TupleRow]


BATCH = 10
DELIVERIES = 30 * PARTITIONS


def worker_over(database: str) -> Worker:
    """Return a worker with some rounds of core, and as many of the timeline, before it."""
    append_events(database, [event(topic_in(n % PARTITIONS)) for n in range(DELIVERIES)])
    return Worker(database, batch_size=BATCH)


def test_while_core_is_behind_the_others_get_one_batch_when_their_time_has_come(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.schedule.OTHERS_SECONDS", 0.0)
    worker = worker_over(database)
    with connect(database, "projector", "worker") as session:
        for done in range(BATCH, DELIVERIES + 1, BATCH):
            assert worker.round(session)
            assert lag(connection, [CORE]) == DELIVERIES - done
            assert lag(connection, [TIMELINE]) == DELIVERIES - done


def test_before_their_time_the_others_wait_for_core_to_be_done(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.schedule.OTHERS_SECONDS", 3600.0)
    worker = worker_over(database)
    with connect(database, "projector", "worker") as session:
        for _ in range(DELIVERIES // BATCH):
            assert worker.round(session)
        assert lag(connection, [CORE]) == 0
        assert lag(connection, [TIMELINE]) == DELIVERIES - BATCH
        assert worker.round(session)
        assert lag(connection, [TIMELINE]) == DELIVERIES - 2 * BATCH
