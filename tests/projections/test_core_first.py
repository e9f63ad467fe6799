"""Under load core is projected before all others, which still get their turn."""

import psycopg
from psycopg.rows import TupleRow

from eventlog.database import connect
from projections.projection import CORE, TIMELINE
from projections.worker import Worker
from tests.support.deliveries import append_events, event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag

Connection = psycopg.Connection[TupleRow]


def test_while_core_is_behind_by_batches_the_others_get_one_a_round(
    database: str, connection: Connection
) -> None:
    append_events(database, [event(topic_in(n % PARTITIONS)) for n in range(PARTITIONS * 30)])
    worker = Worker(database, batch_size=10)
    with connect(database, "projector", "worker") as session:
        for done in (10, 20, 30):
            assert worker.round(session)
            assert lag(connection, [CORE]) == PARTITIONS * (30 - done)
            assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - done
        assert worker.round(session)
        assert lag(connection, [TIMELINE]) == PARTITIONS * 30 - 30 - PARTITIONS * 10
