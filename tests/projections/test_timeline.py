"""The timeline counts each delivery in the minute in which it was received; its pieces are folded."""

import psycopg
from psycopg.rows import TupleRow

from projections.projection import TIMELINE
from projections.worker import STEPS_KEPT
from tests.support.deliveries import append_events, event, insert_behind_the_door, topic_in
from tests.support.projecting import lag, project_all
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def received(connection: Connection, minute: int, count: int) -> None:
    """Put deliveries into the log as if they had been received in a minute."""
    for second in range(count):
        moment = f"2025-10-21T10:{minute:02}:{second % 60:02}Z"
        insert_behind_the_door(connection, ["{}"], topic=topic_in(0), received_at=moment)


def test_hundreds_of_small_steps_leave_a_row_a_minute(database: str, connection: Connection) -> None:
    for minute in range(3):
        received(connection, minute, STEPS_KEPT)
    project_all(database, batch_size=1, projections=[TIMELINE])
    assert scalar(connection, "SELECT count(*) FROM timeline_1.fresh") == 0
    assert scalar(connection, "SELECT count(*) FROM timeline_1.minutes") == 3
    assert connection.execute("SELECT received FROM timeline").fetchall() == [(STEPS_KEPT,)] * 3


def test_a_snapshot_from_before_a_fold_sees_no_count_change(database: str, connection: Connection) -> None:
    def project(count: int) -> None:
        append_events(database, [event(topic_in(0)) for _ in range(count)])
        project_all(database, batch_size=1, projections=[TIMELINE])

    project(5)
    with psycopg.connect(database) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = old.execute("SELECT topic, minute, received FROM timeline").fetchall()
        project(2 * STEPS_KEPT)
        assert old.execute("SELECT topic, minute, received FROM timeline").fetchall() == before
    assert scalar(connection, "SELECT sum(received) FROM timeline") == 5 + 2 * STEPS_KEPT


def test_what_is_no_event_was_received_all_the_same(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, ["5", None, '{"timestamp": "soon"}'])
    append_events(database, [event(event_id="1"), event(event_id="1")])
    project_all(database, projections=[TIMELINE])
    assert lag(connection, [TIMELINE]) == 0
    assert scalar(connection, "SELECT sum(received) FROM timeline") == 5
    assert scalar(connection, "SELECT count(*) FROM quarantine WHERE projection = 'timeline'") == 0
