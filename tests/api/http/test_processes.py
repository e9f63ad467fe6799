"""Several API processes on one port: one that is killed takes nobody with it, and is replaced."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.events import event
from tests.support.waiting import until

PROCESSES = 2
# Each process imports everything anew, on a machine that may be busy.
START_SECONDS = 60.0


class Service:
    """`eventlog api --processes 2` over a test's database."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.url = until(self._address, deadline_seconds=START_SECONDS, message=log.read_text) or ""
        until(lambda: len(self._connected()) == PROCESSES, deadline_seconds=START_SECONDS)

    def _address(self) -> str | None:
        assert self.process.poll() is None, self._log.read_text()
        found = re.search(r"listens on (http://\S+);", self._log.read_text())
        return found[1] if found else None

    def servers(self) -> Sequence[psutil.Process]:
        """Return the processes that serve now."""
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if child.name().startswith("eventlog api")
        ]

    def _connected(self) -> Sequence[psutil.Process]:
        return [
            server
            for server in self.servers()
            if any(one.status == psutil.CONN_LISTEN for one in server.net_connections("tcp"))
        ]

    def await_all(self) -> None:
        """Wait until all of them listen."""
        until(lambda: len(self._connected()) == PROCESSES, deadline_seconds=START_SECONDS)


@contextmanager
def started(dsn: str, log: Path) -> Iterator[Service]:
    """Run the service; kill what is left of it."""
    environment = {**os.environ, "EVENTLOG_DSN": dsn, "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true"}
    command = [sys.executable, "-m", "eventlog", "api", "--port", "0", "--processes", str(PROCESSES)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stderr=output)
    try:
        yield Service(process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def service(database: str, tmp_path: Path) -> Iterator[Service]:
    with started(database, tmp_path / "log") as running:
        yield running


def publish(url: str) -> int:
    """Publish one event over a new connection, which any of the processes may get."""
    return httpx2.post(f"{url}/publish", json=event(), timeout=15).status_code


def ended(process: psutil.Process) -> bool:
    """Whether a process has ended, also if nobody has asked for its exit code yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def once_more(attempt: Callable[[], int]) -> int:
    """Do it again once, as every client does, when the process that had the connection died of a kill."""
    try:
        return attempt()
    except httpx2.TransportError:
        return attempt()


def test_a_killed_process_is_started_again_and_publishing_goes_on(service: Service) -> None:
    before = {server.pid for server in service.servers()}
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    assert {once_more(lambda: publish(service.url)) for _ in range(20)} == {202}
    service.await_all()
    now = {server.pid for server in service.servers()}
    assert len(now) == PROCESSES
    assert now >= before - {killed}
    assert {publish(service.url) for _ in range(20)} == {202}
    assert httpx2.get(f"{service.url}/stats", timeout=15).json()["received"] == 40


def test_all_processes_say_the_same_of_the_service(service: Service) -> None:
    # A connection each: the kernel gives some to either process.
    answers = [httpx2.get(f"{service.url}/stats", timeout=15).json() for _ in range(20)]
    assert len({(answer["started_at"], answer["queue_size"]) for answer in answers}) == 1


def test_a_port_that_is_taken_is_refused(service: Service, database: str) -> None:
    port = service.url.rpartition(":")[2]
    command = [sys.executable, "-m", "eventlog", "api", "--port", port, "--processes", str(PROCESSES)]
    environment = {**os.environ, "EVENTLOG_DSN": database}
    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert "cannot listen" in second.stderr


def test_a_signal_stops_all_of_them_cleanly(service: Service) -> None:
    servers = service.servers()
    assert publish(service.url) == 202
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    assert all(map(ended, servers))


def test_they_stop_when_the_process_that_started_them_is_killed(service: Service) -> None:
    servers = service.servers()
    service.process.kill()
    service.process.wait()
    until(lambda: all(map(ended, servers)), deadline_seconds=START_SECONDS, message="they go on without it")
