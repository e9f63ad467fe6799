"""The service as real processes: an API and workers that can be killed, stopped and started again."""

import http.client
import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from eventlog.failpoints import VARIABLE
from tests.faults.spawner import Spawner
from tests.support.projecting import lag
from tests.support.waiting import until


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A command of ours with its output in a file."""

    def __init__(
        self, spawner: Spawner, *arguments: str, log: Path, failpoints: str = "", **settings: str
    ) -> None:
        self.log = log
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("EVENTLOG_", "PG"))
        }
        environment |= {f"EVENTLOG_{name.upper()}": value for name, value in settings.items()}
        environment |= {VARIABLE: failpoints, "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true"}
        self._spawner = spawner
        self.pid = spawner.start(list(arguments), environment, log)

    @property
    def returncode(self) -> int | None:
        return self._spawner.returncode(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def wait(self, deadline_seconds: float = 30.0) -> int:
        """Wait for its end and return its exit code."""
        until(
            lambda: self.returncode is not None,
            deadline_seconds=deadline_seconds,
            message=lambda: f"it does not end: {self.log.read_text()[-2000:]}",
        )
        code = self.returncode
        assert code is not None
        return code

    def is_stopped(self) -> bool:
        """Whether a SIGSTOP holds it."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def kill(self) -> None:
        """End it at once, stopped or not."""
        self.signal(signal.SIGKILL)
        self.wait()


class Stack:
    """An API on a fixed port and worker processes over one database."""

    def __init__(
        self,
        spawner: Spawner,
        dsn: str,
        directory: Path,
        *,
        api_dsn: str | None = None,
        worker_dsn: str | None = None,
        **settings: str,
    ) -> None:
        """`dsn` is the test's own way to the database; the processes may be led another."""
        self._spawner = spawner
        self.dsn = dsn
        self.api_dsn = api_dsn or dsn
        self.worker_dsn = worker_dsn or dsn
        self.port = free_port()
        self._directory = directory
        self._settings = settings
        self._all: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ends:
            for process in self._all:
                ends.callback(process.kill)

    def start_api(self, failpoints: str = "", *, ready: bool = True) -> Process:
        """Start an API on our port; return once it answers."""
        process = self.launch_api(failpoints)
        if ready:
            self.await_ready(process)
        return process

    def launch_api(self, failpoints: str = "", port: int | None = None) -> Process:
        """Start an API and do not wait for it."""
        return self._launch(
            "api", failpoints, dsn=self.api_dsn, port=str(port or self.port), shutdown_timeout_seconds="10"
        )

    def start_worker(self, failpoints: str = "", *, batch_size: int = 50) -> Process:
        """Start a worker process with one worker."""
        return self._launch("worker", failpoints, dsn=self.worker_dsn, batch_size=str(batch_size))

    def start_command(self, *arguments: str, failpoints: str = "") -> Process:
        """Start any command; it reaches the database directly."""
        log = self._directory / f"{arguments[0]}-{len(self._all)}.log"
        process = Process(
            self._spawner, *arguments, log=log, failpoints=failpoints, **(self._settings | {"dsn": self.dsn})
        )
        self._all.append(process)
        return process

    def _launch(self, command: str, failpoints: str, **settings: str) -> Process:
        log = self._directory / f"{command}-{len(self._all)}.log"
        process = Process(
            self._spawner, command, log=log, failpoints=failpoints, **(self._settings | settings)
        )
        self._all.append(process)
        return process

    def await_ready(self, process: Process, deadline_seconds: float = 30.0, port: int | None = None) -> None:
        until(
            lambda: answers(port or self.port) or process.returncode is not None,
            deadline_seconds=deadline_seconds,
            message=lambda: f"the API does not answer: {process.log.read_text()[-2000:]}",
        )
        assert process.returncode is None, process.log.read_text()[-2000:]

    def drain(self, deadline_seconds: float = 60.0, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until everything in the log and the outbox is projected."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:

            def drained() -> bool:
                meanwhile()
                # In this order: what leaves the outbox is in the log at the same moment.
                waiting = connection.execute("SELECT FROM outbox LIMIT 1").fetchone()
                return waiting is None and lag(connection) == 0

            until(
                drained,
                deadline_seconds=deadline_seconds,
                message=lambda: "the lag stays: " + self.tails(),
            )

    @property
    def killed(self) -> int:
        """How many processes died of SIGKILL, their own or ours."""
        return sum(process.returncode == -9 for process in self._all)

    def tails(self) -> str:
        """Return the ends of all logs, for a failure's message."""
        return "\n".join(f"{one.log.name}: {one.log.read_text()[-800:]}" for one in self._all)


def answers(port: int, path: str = "/livez", timeout_seconds: float = 1.0) -> bool:
    """Whether the API answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
