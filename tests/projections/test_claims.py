"""A claim is held by one worker at a time, to the end of its transaction."""

from eventlog.sessions.database import connect
from eventlog.statements import statement
from tests.support.deliveries import append_events, event, topic_in


def test_what_one_worker_has_claimed_another_does_not_get(database: str) -> None:
    append_events(database, [event(topic_in(0)), event(topic_in(1))])
    wanted = {"projection": "core", "version": 1, "enough": 10}
    with connect(database, "projector", "worker") as one, connect(database, "projector", "worker") as other:
        with one.transaction():
            first = one.execute(statement("worker/take"), {**wanted, "partitions": [0]}).fetchall()
            with other.transaction():
                second = other.execute(statement("worker/take"), {**wanted, "partitions": [0, 1]}).fetchall()
        with other.transaction():
            third = other.execute(statement("worker/take"), {**wanted, "partitions": [0, 1]}).fetchall()
    assert (first, second, third) == ([(0, 0, 1)], [(1, 0, 1)], [(0, 0, 1), (1, 0, 1)])
