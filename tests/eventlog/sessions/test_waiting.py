"""A service that is started before its database waits for it, and says so."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from eventlog.embedded import EmbeddedServer
from tests.faults.stack import free_port
from tests.support.command_line import COMMAND, only
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.events import event
from tests.support.postgres import at_database, run_as_superuser
from tests.support.projecting import lag
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


class Service:
    """A command of ours that runs, and what it says."""

    def __init__(self, log: Path, port: int, *command: str, **settings: str) -> None:
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=15)
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*COMMAND, *command],
                env=only(EVENTLOG_PORT=str(port), EVENTLOG_ALLOW_UNSAFE_SETTINGS="true", **settings),
                stdout=file,
                stderr=file,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def status(self, path: str) -> int:
        try:
            return self.client.get(path).status_code
        except httpx2.TransportError:
            return 0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start commands; ended after the test."""
    services: list[Service] = []

    def start(*command: str, **settings: str) -> Service:
        services.append(Service(tmp_path / f"log{len(services)}", free_port(), *command, **settings))
        return services[-1]

    yield start
    for each in services:
        each.client.close()
        each.process.terminate()
        each.process.wait(30)


@contextmanager
def away(server: EmbeddedServer) -> Iterator[None]:
    """Have no database meanwhile."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@pytest.mark.parametrize("command", ["api", "up"])
def test_it_listens_says_so_once_and_goes_on_by_itself(
    server: EmbeddedServer, database: str, service: Callable[..., Service], command: str
) -> None:
    with away(server):
        run = service(command, EVENTLOG_DSN=database)
        until(lambda: run.status("/livez") == 200, message=lambda: run.said)
        for path in ("/readyz", "/health", "/stats", "/", "/events/stream"):
            assert run.status(path) == 503, path
        refused = run.client.post("/publish", json=event())
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        assert refused.headers["Retry-After"] == "1"
        # As long as it takes to try some more times.
        until(lambda: run.said.count("waiting") > 0)
        held = time.monotonic() + 1
        until(lambda: time.monotonic() > held or run.process.poll() is not None)
        assert run.process.poll() is None
        assert run.said.count("waiting for the database: ") == 1
    until(lambda: run.status("/readyz") == 200, message=lambda: run.said)
    assert run.client.post("/publish", json=event()).status_code == 202
    if command == "up":
        until(lambda: run.client.get("/stats").json()["unique_processed"] == 1)
    until(lambda: "the database is there" in run.said)
    assert "Traceback" not in run.said


def test_workers_wait_likewise(
    server: EmbeddedServer, database: str, service: Callable[..., Service]
) -> None:
    with away(server):
        run = service("worker", EVENTLOG_DSN=database)
        until(lambda: "worker_disconnected" in run.said)
    append_events(database, [made()])
    with psycopg.connect(database, autocommit=True) as connection:
        until(lambda: lag(connection) == 0, message=lambda: run.said)
    reasons = re.findall(r'"reason": "(.*?)", "event": "worker_disconnected"', run.said)
    assert reasons, run.said
    assert len(reasons) == len(set(reasons)), "each trouble is told once: away, then perhaps starting up"
    assert "Traceback" not in run.said


def test_a_database_that_is_made_later_is_waited_for_by_name(
    server: EmbeddedServer, service: Callable[..., Service]
) -> None:
    dsn = at_database(server.dsn, "made_later")
    run = service("api", EVENTLOG_DSN=dsn)
    worker = service("worker", EVENTLOG_DSN=dsn)
    until(lambda: '"made_later" does not exist' in run.said)
    until(lambda: run.status("/livez") == 200)
    until(lambda: "worker_disconnected" in worker.said)
    run_as_superuser(server, SQL("CREATE DATABASE made_later OWNER eventlog").format())
    try:
        until(lambda: run.status("/readyz") == 200, message=lambda: run.said)
        published = run.client.post("/publish", json=event(), headers={"Prefer": "wait=20"})
        assert published.status_code == 200, worker.said
        assert "Traceback" not in run.said + worker.said
    finally:
        for each in (run, worker):
            each.process.terminate()
            each.process.wait(30)
        run_as_superuser(server, SQL("DROP DATABASE made_later WITH (FORCE)").format())


def test_what_waiting_does_not_mend_ends_it_with_a_line(
    server: EmbeddedServer, database: str, service: Callable[..., Service]
) -> None:
    with away(server):
        run = service("up", EVENTLOG_DSN=database, EVENTLOG_PARTITIONS="7")
        until(lambda: run.status("/livez") == 200, message=lambda: run.said)
    assert run.process.wait(30) == 2
    assert "eventlog: EVENTLOG_PARTITIONS is 7" in run.said
    assert "Traceback" not in run.said
