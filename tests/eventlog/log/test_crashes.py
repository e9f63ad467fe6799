"""An appender that dies leaves all of its transaction or nothing: no gap, no lock."""

from contextlib import closing

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from eventlog.log.append import PositionRange, append, append_durably, number_rows
from eventlog.statements import statement
from tests.support.deliveries import append_events, appender, deliveries, event, topic_in
from tests.support.sessions import terminate

Connection = psycopg.Connection[TupleRow]

TOPIC = topic_in(0)


def lock(session: Connection) -> dict[int, int]:
    session.execute(statement("append/begin"))
    return dict(session.execute(statement("append/lock"), {"partitions": [0]}).fetchall())


def positions(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT position FROM inbox ORDER BY position")]


def test_killed_after_the_lock(database: str, connection: Connection) -> None:
    with closing(appender(database)) as session:
        lock(session)
        assert terminate(connection, "eventlog append") == 1
        assert append_events(database, [event(TOPIC)]) == [PositionRange(0, 1, 1)]


def copy_and_die(session: Connection, data: bytes, observer: Connection) -> None:
    with session.cursor() as cursor, cursor.copy(statement("append/copy")) as copy:
        copy.write(data[: len(data) // 2])
        terminate(observer, "eventlog append")
        copy.write(data[len(data) // 2 :])


def test_killed_in_the_middle_of_the_copy(database: str, connection: Connection) -> None:
    with closing(appender(database)) as session:
        heads = lock(session)
        data, _ = number_rows([deliveries(*(event(TOPIC) for _ in range(1000)))], [0], heads)
        with pytest.raises(psycopg.OperationalError):
            copy_and_die(session, data, connection)
    assert positions(connection) == []
    assert append_events(database, [event(TOPIC)]) == [PositionRange(0, 1, 1)]


def test_killed_after_the_copy(database: str, connection: Connection) -> None:
    append_events(database, [event(TOPIC)])
    with closing(appender(database)) as session:
        session.execute(statement("append/begin"))
        assert append(session, [deliveries(event(TOPIC), event(TOPIC))]) == [[PositionRange(0, 2, 3)]]
        terminate(connection, "eventlog append")
    assert append_events(database, [event(TOPIC)]) == [PositionRange(0, 2, 2)]
    assert positions(connection) == [1, 2]


def test_a_refused_row_takes_its_whole_transaction_with_it(database: str, connection: Connection) -> None:
    no_json = AcceptedEvent(TOPIC, "bad", b"{")
    with closing(appender(database)) as session:
        with pytest.raises(psycopg.DataError):
            append_durably(session, [deliveries(event(TOPIC), no_json, event(TOPIC))])
        session.rollback()
        assert append_durably(session, [deliveries(event(TOPIC))]) == [[PositionRange(0, 1, 1)]]
    assert positions(connection) == [1]
