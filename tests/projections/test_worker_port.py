"""What a process with workers tells of them, on a port of its own."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.errors import SettingsError
from eventlog.settings import load_settings
from projections import worker_port as port_module
from projections.pool import WorkerPool
from projections.step_metrics import StepMetrics
from projections.worker_port import worker_port
from tests.support.deliveries import append_events, event
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@contextmanager
def watched(dsn: str) -> Iterator[httpx2.Client]:
    """Run a worker with a port, and yield who asks it."""
    metrics = StepMetrics()
    pool = WorkerPool(dsn, count=1, batch_size=100, metrics=metrics)
    with worker_port(load_settings(worker_port=0), pool.workers, metrics) as port:
        pool.start()
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                yield client
        finally:
            pool.stop()


@pytest.fixture
def worker(database: str) -> Iterator[httpx2.Client]:
    with watched(database) as client:
        yield client


def metrics_of(client: httpx2.Client) -> dict[str, float]:
    lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_it_tells_of_each_step_by_projection(worker: httpx2.Client, database: str) -> None:
    append_events(database, [event("port.order") for _ in range(7)])
    counted = 'eventlog_step_deliveries_sum{projection="core"}'
    until(lambda: metrics_of(worker).get(counted) == 7)
    found = metrics_of(worker)
    assert found['eventlog_step_seconds_count{projection="core"}'] >= 1
    assert found['eventlog_step_seconds_sum{projection="core"}'] > 0
    assert found["eventlog_workers_connected"] == 1
    assert found["eventlog_worker_hangs_seconds"] < 60
    assert found["process_resident_memory_bytes"] > 0


def test_a_worker_that_hangs_is_seen_and_one_that_goes_on(
    worker: httpx2.Client, database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: metrics_of(worker)["eventlog_workers_connected"] == 1)
    assert worker.get("/livez").status_code == 200
    # An idle one turns at least once a second.
    monkeypatch.setattr(port_module, "HANGS_SECONDS", 3.0)
    with connection.transaction():
        connection.execute("LOCK TABLE steps IN ACCESS EXCLUSIVE MODE")
        until(lambda: worker.get("/livez").status_code == 503, deadline_seconds=30)
    until(lambda: worker.get("/livez").status_code == 200, deadline_seconds=30)


def test_an_idle_worker_lives(worker: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: metrics_of(worker)["eventlog_workers_connected"] == 1)
    monkeypatch.setattr(port_module, "HANGS_SECONDS", 10.0)
    first = metrics_of(worker)["eventlog_worker_hangs_seconds"]
    until(lambda: metrics_of(worker)["eventlog_worker_hangs_seconds"] < first or first < 0.01)
    assert worker.get("/livez").status_code == 200


def test_a_worker_without_its_database_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    with watched("postgresql://nobody@127.0.0.1:1/none") as worker:
        answer = worker.get("/livez")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        assert metrics_of(worker)["eventlog_workers_connected"] == 0


def test_nothing_else_is_answered(worker: httpx2.Client) -> None:
    assert worker.get("/").status_code == 404
    assert worker.post("/livez").status_code == 501
    assert worker.head("/livez").content == b""


def test_who_asks_slowly_keeps_nobody_from_it(worker: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "ANSWER_SECONDS_MAX", 0.3)
    address = "127.0.0.1", int(worker.base_url.port or 0)
    with ExitStack() as stack:
        for _ in range(30):
            slow = stack.enter_context(closing(socket.create_connection(address, timeout=10)))
            slow.send(b"GET /livez")

        def answered() -> bool:
            try:
                return worker.get("/livez").status_code == 200
            except httpx2.TransportError:
                return False

        until(answered)


def test_a_port_that_is_taken_is_said(database: str) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        pool = WorkerPool(database, count=1, batch_size=100)
        settings = load_settings(worker_port=taken.getsockname()[1])
        with (
            pytest.raises(SettingsError, match="EVENTLOG_WORKER_PORT"),
            worker_port(settings, pool.workers, StepMetrics()),
        ):
            pass
