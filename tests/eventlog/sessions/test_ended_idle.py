"""A session that ended while nobody used it is nobody's trouble: the next request has another."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.sessions import session_check as arrival
from eventlog.sessions.database import connect
from eventlog.sessions.pinned_settings import Role
from projections.read import pool
from tests.faults.proxy import Proxy
from tests.support.api import running_api
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.events import event
from tests.support.projecting import lag, workers
from tests.support.sessions import terminate, waiting_for_locks
from tests.support.streaming import following
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def everything_is_answered(client: httpx2.Client, event_id: str) -> None:
    for path in ("/stats", "/events", "/readyz", "/projections", "/timeline"):
        assert client.get(path).status_code == 200, path
    assert client.post("/publish", json=event(event_id=event_id)).status_code == 202
    assert client.post("/sql", json={"sql": "SELECT 1"}).status_code == 200
    with client.stream("GET", "/events/stream") as stream:
        assert stream.status_code == 200


def fill_the_pool(client: httpx2.Client, database: str, connection: Connection) -> None:
    """Have several sessions of the pool idle: of reads that waited together."""
    with ThreadPoolExecutor(5) as asking:
        with psycopg.connect(database) as holder:
            holder.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            answers = [asking.submit(client.get, f"/deliveries/0:{number}") for number in range(9_000, 9_005)]
            until(lambda: waiting_for_locks(connection, "eventlog read") == 5)
        assert {answer.result().status_code for answer in answers} == {404}


def end_all_sessions(connection: Connection) -> int:
    """End every session of ours, and wait until it has ended; return how many there were."""
    ended = connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name LIKE 'eventlog %' AND datname = current_database()"
    )
    return len(ended.fetchall())


def test_terminated_sessions_are_replaced_unseen(
    client: httpx2.Client, database: str, connection: Connection
) -> None:
    everything_is_answered(client, "before")
    fill_the_pool(client, database, connection)
    assert end_all_sessions(connection) >= 5 + len(("append", "worker", "outbox"))
    everything_is_answered(client, "after")


def test_a_restart_between_two_requests_is_unseen(
    client: httpx2.Client, server: EmbeddedServer, database: str, connection: Connection
) -> None:
    everything_is_answered(client, "before")
    fill_the_pool(client, database, connection)
    server.stop()
    server.start()
    everything_is_answered(client, "after")


def test_a_read_begins_again_when_its_session_ends_under_it(
    client: httpx2.Client, database: str, connection: Connection
) -> None:
    with ThreadPoolExecutor(1) as asking:
        with psycopg.connect(database) as holder:
            holder.execute("LOCK TABLE partitions IN ACCESS EXCLUSIVE MODE")
            answer = asking.submit(client.get, "/stats")
            until(lambda: waiting_for_locks(connection, "eventlog read") == 1)
            assert terminate(connection, "eventlog read") == 1
            until(lambda: waiting_for_locks(connection, "eventlog read") == 1)
        assert answer.result().status_code == 200


def test_reads_go_on_as_soon_as_the_database_is_back(client: httpx2.Client, server: EmbeddedServer) -> None:
    assert client.get("/stats").status_code == 200
    server.stop()
    try:
        # Each failed read was a reason to try later, and later, once.
        assert {client.get("/stats").status_code for _ in range(30)} == {503}
    finally:
        server.start()
    assert client.get("/stats").status_code == 200


@pytest.mark.parametrize("path", ["/stats", "/sql"])
def test_a_server_that_is_connected_and_silent_is_given_up(
    path: str, server: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "READ_SECONDS_MAX", 1.0)
    monkeypatch.setattr(arrival, "SILENCE_SECONDS_MAX", dict.fromkeys(arrival.SILENCE_SECONDS_MAX, 1.0))
    sockets = server.postmaster.socket_dir
    with (
        Proxy(sockets / f".s.PGSQL.{server.postmaster.port}") as proxy,
        running_api(proxy.dsn(database_name), workers=0) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        method, body = ("POST", {"sql": "SELECT 1"}) if path == "/sql" else ("GET", None)
        assert client.get("/stats").status_code == 200
        proxy.inject("stall")
        try:
            assert client.request(method, path, json=body).status_code == 503
        finally:
            proxy.heal()
        until(lambda: client.get("/stats").status_code == 200)


def test_a_stream_goes_on_after_a_silence(
    server: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "READ_SECONDS_MAX", 1.0)
    sockets = server.postmaster.socket_dir
    with (
        Proxy(sockets / f".s.PGSQL.{server.postmaster.port}") as proxy,
        running_api(proxy.dsn(database_name), workers=1) as url,
        following(url) as follower,
        httpx2.Client(base_url=url, timeout=15) as client,
    ):
        proxy.inject("stall", application="eventlog stream", times=1)
        client.post("/publish", json=event())
        until(lambda: len(follower.events) == 1)
        assert follower.connections == 1
        proxy.heal()


@pytest.mark.parametrize("role", ["appender", "projector", "reader"])
def test_no_session_waits_for_ever_for_a_server_that_is_silent(
    role: Role, server: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "SILENCE_SECONDS_MAX", {role: 0.5})
    sockets = server.postmaster.socket_dir
    with (
        Proxy(sockets / f".s.PGSQL.{server.postmaster.port}") as proxy,
        connect(proxy.dsn(database_name), role, "test") as session,
    ):
        session.execute("SELECT 1")
        proxy.inject("stall")
        with pytest.raises(psycopg.OperationalError, match="has said nothing"):
            session.execute("SELECT 1")
        assert session.closed
        proxy.heal()


def test_a_worker_goes_on_after_a_silence(
    server: EmbeddedServer, database_name: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "SILENCE_SECONDS_MAX", {"projector": 0.5})
    sockets = server.postmaster.socket_dir
    with (
        Proxy(sockets / f".s.PGSQL.{server.postmaster.port}") as proxy,
        workers(proxy.dsn(database_name)) as [worker],
        psycopg.connect(database, autocommit=True) as connection,
    ):
        until(lambda: worker.connected)
        proxy.inject("stall", times=1)
        append_events(database, [made()])
        until(lambda: lag(connection) == 0)
        proxy.heal()
