"""The timeline counts each event once, in the minute of its own time; its pieces are folded."""

import psycopg
from psycopg.rows import TupleRow

from projections.projection import TIMELINE
from projections.worker import STEPS_KEPT
from tests.support.deliveries import append_events, event, topic_in
from tests.support.projecting import project_all
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def test_hundreds_of_small_steps_leave_a_row_a_minute(database: str, connection: Connection) -> None:
    moments = [f"2025-10-21T10:{n % 3:02}:{n % 60:02}Z" for n in range(3 * STEPS_KEPT)]
    append_events(database, [event(topic_in(0), timestamp=moment) for moment in moments])
    project_all(database, batch_size=1, projections=[TIMELINE])
    assert scalar(connection, "SELECT count(*) FROM timeline_1.fresh") == 0
    assert scalar(connection, "SELECT count(*) FROM timeline_1.minutes") == 3
    assert connection.execute("SELECT events FROM timeline").fetchall() == [(STEPS_KEPT,)] * 3


def test_a_snapshot_from_before_a_fold_sees_no_count_change(database: str, connection: Connection) -> None:
    def project(count: int) -> None:
        append_events(database, [event(topic_in(0)) for _ in range(count)])
        project_all(database, batch_size=1, projections=[TIMELINE])

    project(5)
    with psycopg.connect(database) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = old.execute("SELECT topic, minute, events FROM timeline").fetchall()
        project(2 * STEPS_KEPT)
        assert old.execute("SELECT topic, minute, events FROM timeline").fetchall() == before
    assert scalar(connection, "SELECT sum(events) FROM timeline") == 5 + 2 * STEPS_KEPT


def test_of_a_duplicate_with_another_time_the_first_counts(database: str, connection: Connection) -> None:
    times = ("10:00", "11:00")
    append_events(database, [event(event_id="1", timestamp=f"2025-10-21T{time}:00Z") for time in times])
    project_all(database, projections=[TIMELINE])
    assert scalar(connection, "SELECT array_agg(extract(hour FROM minute)::integer) FROM timeline") == [10]
