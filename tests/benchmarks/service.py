"""The service under test: real processes, started as people start them."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO

from tests.benchmarks.driving import wait_until

LISTENS = "listens on http://"


class Service:
    """Running APIs and workers. `processes` are named for what they run."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.addresses: list[tuple[str, int]] = []


@contextmanager
def service(
    dsn: str, workers: int, *, apis: int = 1, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Run `eventlog up` over a database, or several `eventlog api` beside one `eventlog worker`."""
    environment = _environment(dsn) | dict(settings or {})
    running = Service()
    with ExitStack() as ends:
        if apis == 1:
            command = ["up", "--port", "0", "--workers", str(workers)]
            running.addresses.append(_serve(running, ends, "up", command, environment))
        else:
            for number in range(apis):
                command = ["api", "--port", "0"]
                running.addresses.append(_serve(running, ends, f"api {number}", command, environment))
            if workers:
                _start(running, ends, "worker", ["worker", "--workers", str(workers)], environment)
        yield running


@contextmanager
def worker(dsn: str, workers: int) -> Iterator[Service]:
    """Run `eventlog worker` alone."""
    running = Service()
    with ExitStack() as ends:
        _start(running, ends, "worker", ["worker", "--workers", str(workers)], _environment(dsn))
        yield running


def _environment(dsn: str) -> dict[str, str]:
    return {**os.environ, "EVENTLOG_DSN": dsn, "EVENTLOG_LOG_LEVEL": "error"}


def _serve(
    running: Service, ends: ExitStack, name: str, command: list[str], environment: dict[str, str]
) -> tuple[str, int]:
    """Start an API and return its address once it listens."""
    process = _start(running, ends, name, command, environment)
    assert process.stderr is not None
    for line in process.stderr:
        if LISTENS in line:
            # A pipe that nobody reads fills up, and whoever logs into it stands still.
            threading.Thread(target=_read_to_the_end, args=[process.stderr], daemon=True).start()
            host, _, port = line.split(LISTENS)[1].split(";")[0].partition(":")
            _wait_for((host, int(port)))
            return host, int(port)
    raise RuntimeError(f"eventlog {' '.join(command)} did not start")


def _read_to_the_end(stream: IO[str]) -> None:
    with stream:
        stream.read()


def _wait_for(address: tuple[str, int]) -> None:
    """Wait until the API takes connections: it says its address a moment before."""

    def answers() -> bool:
        try:
            socket.create_connection(address, timeout=5.0).close()
        except OSError:
            return False
        return True

    wait_until(answers)


def _start(
    running: Service, ends: ExitStack, name: str, command: list[str], environment: dict[str, str]
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.named_threads", *command],
        env=environment,
        stderr=subprocess.PIPE if command[0] != "worker" else subprocess.DEVNULL,
        text=True,
    )
    running.processes[name] = process
    ends.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
