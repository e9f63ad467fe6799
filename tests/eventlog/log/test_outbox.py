"""Events published inside somebody's own transaction are in the log if and only if it commits."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from tests.support.deliveries import append_events, event, topic_in
from tests.support.moving import movers
from tests.support.postgres import at_database, run_as_superuser
from tests.support.projecting import project_all
from tests.support.sessions import order_lock_held, scalar, terminate, waiting_for_locks
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def publish(connection: Connection, *event_ids: str, topic: str = "order.created") -> object:
    events = [json.loads(event(topic, event_id).raw) for event_id in event_ids]
    return scalar(connection, "SELECT eventlog.publish_events(%s::json)", json.dumps(events))


def logged(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT event_id FROM inbox ORDER BY partition, position")]


def test_a_rolled_back_transaction_leaves_nothing(database: str, connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        publish(connection, "never")
    publish(connection, "after")
    with movers(database):
        until(lambda: logged(connection))
    assert logged(connection) == ["after"]


def test_a_committed_transaction_is_in_the_log_and_projected(database: str, connection: Connection) -> None:
    with connection.transaction():
        assert publish(connection, "a", "b") == 2
        assert publish(connection, "a") == 1
    with movers(database):
        until(lambda: len(logged(connection)) == 3)
    project_all(database)
    assert scalar(connection, "SELECT count(*) FROM events") == 2
    assert scalar(connection, "SELECT count(*) FROM outbox") == 0


def test_the_text_arrives_as_it_was_published(database: str, connection: Connection) -> None:
    raw = json.dumps(json.loads(event(payload={"ä": "\t\\ 😀"}).raw), indent=3, ensure_ascii=False)
    connection.execute("SELECT publish_events(('[ ' || %s || ' ]')::json)", [raw])
    with movers(database):
        until(lambda: logged(connection))
    assert scalar(connection, "SELECT raw::text FROM inbox") == raw


def test_a_transaction_left_open_holds_up_nobody(database: str, connection: Connection) -> None:
    with psycopg.connect(database) as idle, movers(database):
        publish(idle, "idle")
        append_events(database, [event(event_id="over HTTP")])
        publish(connection, "outbox")
        until(lambda: logged(connection) == ["over HTTP", "outbox"])
        idle.commit()
        until(lambda: logged(connection) == ["over HTTP", "outbox", "idle"])


def test_who_moves_is_told_of_each_commit(database: str, connection: Connection) -> None:
    moved = threading.Event()
    with movers(database, on_moved=moved.set):
        publish(connection, "a")
        assert moved.wait(10)
        assert logged(connection) == ["a"]


def publish_many(dsn: str, publisher: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for turn in range(40):
            publish(connection, *(f"{publisher}-{turn * 3 + n}" for n in range(3)), topic=topic_in(turn % 4))


def assert_each_once_in_order(connection: Connection, expected: int) -> None:
    by_topic = defaultdict(list)
    for topic, event_id in connection.execute(
        "SELECT topic, event_id FROM inbox ORDER BY partition, position"
    ):
        publisher, turn = event_id.split("-")
        by_topic[topic, publisher].append(int(turn))
    assert all(turns == sorted(set(turns)) for turns in by_topic.values())
    assert sum(len(turns) for turns in by_topic.values()) == expected


def test_two_movers_move_each_row_once_and_in_order(database: str, connection: Connection) -> None:
    with movers(database, 2), ThreadPoolExecutor(4) as pool:
        for finished in [pool.submit(publish_many, database, publisher) for publisher in range(4)]:
            finished.result(30)
        until(lambda: len(logged(connection)) >= 480)
        until(lambda: scalar(connection, "SELECT count(*) FROM outbox") == 0)
    assert_each_once_in_order(connection, 480)


def test_a_mover_killed_again_and_again_loses_and_doubles_nothing(
    database: str, connection: Connection
) -> None:
    with movers(database, 2), ThreadPoolExecutor(4) as pool:
        publishing = [pool.submit(publish_many, database, publisher) for publisher in range(4)]
        while not all(finished.done() for finished in publishing):
            terminate(connection, "eventlog outbox")
        for finished in publishing:
            finished.result()
        until(lambda: scalar(connection, "SELECT count(*) FROM outbox") == 0)
    assert_each_once_in_order(connection, 480)


def test_a_mover_killed_between_delete_and_commit_leaves_all_in_the_outbox(
    database: str, connection: Connection
) -> None:
    publish(connection, "a", "b")
    with movers(database):
        with order_lock_held(database):
            until(lambda: waiting_for_locks(connection, "eventlog outbox") == 1)
            terminate(connection, "eventlog outbox")
            assert scalar(connection, "SELECT count(*) FROM outbox") == 2
        until(lambda: logged(connection))
    assert logged(connection) == ["a", "b"]
    assert scalar(connection, "SELECT count(*) FROM outbox") == 0


@pytest.fixture
def refusing_log(superuser_dsn: str) -> Iterator[Connection]:
    """Have the log refuse event ids that begin with `bad`, as nothing that is shipped does."""
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE eventlog.inbox ADD CONSTRAINT no_bad CHECK (event_id NOT LIKE 'bad%')")
        yield superuser


def test_a_row_that_the_log_refuses_stays_and_holds_up_no_other(
    database: str, refusing_log: Connection, connection: Connection
) -> None:
    ids = ["bad" if n in (3, 17) else f"id-{n}" for n in range(20)]
    publish(connection, *ids)
    with movers(database):
        until(lambda: len(logged(connection)) == 18)
        publish(connection, "later")
        until(lambda: len(logged(connection)) == 19)
        assert logged(connection) == [*(id_ for id_ in ids if id_ != "bad"), "later"]
        assert scalar(connection, "SELECT count(*) FROM outbox WHERE event_id = 'bad'") == 2
    refusing_log.execute("ALTER TABLE eventlog.inbox DROP CONSTRAINT no_bad")
    with movers(database):
        until(lambda: scalar(connection, "SELECT count(*) FROM outbox") == 0)
    assert logged(connection)[-2:] == ["bad", "bad"]


def test_a_role_with_nothing_but_execute_may_publish(
    server: EmbeddedServer, database: str, database_name: str, connection: Connection
) -> None:
    run_as_superuser(server, sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p'").format(sql.Identifier("shop")))
    try:
        connection.execute("GRANT USAGE ON SCHEMA eventlog TO shop")
        connection.execute("GRANT EXECUTE ON FUNCTION eventlog.publish_events TO shop")
        address = at_database(server.superuser_dsn, database_name).replace("postgres@", "shop:p@", 1)
        with psycopg.connect(address, autocommit=True) as shop:
            assert publish(shop, "a") == 1
            for forbidden in (
                "TABLE eventlog.outbox",
                "TABLE eventlog.inbox",
                "DELETE FROM eventlog.outbox",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    shop.execute(forbidden)
    finally:
        with psycopg.connect(at_database(server.superuser_dsn, database_name), autocommit=True) as superuser:
            superuser.execute("DROP OWNED BY shop")
            superuser.execute("DROP ROLE shop")
    with movers(database):
        until(lambda: logged(connection) == ["a"])
