"""API processes on one port: started, started again when one dies, stopped together.

Each listens on a socket of its own (SO_REUSEPORT), over which the kernel spreads the connections. So a
process that dies takes along only the connections that it had: the kernel offers the next ones to the others,
until the process that runs here in its place listens. This process keeps the port, without listening on it,
and has what there is once: the database and the workers. When it is gone, be it by kill -9, the others stop,
cleanly.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import RawArray

import msgspec
import structlog

from api.http.server import announcement, caught_signals, listen_for, serve
from api.wiring import ProcessIdentity
from eventlog.logs import configure_logs
from eventlog.sessions.backoff import pause_seconds
from eventlog.settings import Settings
from eventlog.standard_error import keep_standard_output

log = structlog.get_logger()

# Beyond what a clean stop gives requests and the append, somebody must end it.
STOP_SECONDS_SPARE = 20.0
# A new interpreter each: a fork would take along the threads' locks as they happen to be.
_spawning = get_context("spawn")


class Plan(msgspec.Struct, frozen=True):
    """What all API processes have in common."""

    settings: Settings
    dsn: str
    started_at: datetime
    queue_sizes: MutableSequence[int]
    news: Connection  # a process's number, once it listens


class ProcessSupervisor:
    """The API processes of one service, by number."""

    def __init__(self, settings: Settings, dsn: str, say: Callable[[str], None]) -> None:
        self._say = say
        self._count = settings.api_processes
        self._news, told = _spawning.Pipe(duplex=False)
        sizes = RawArray("q", self._count)
        self._plan = Plan(settings, dsn, datetime.now(UTC), sizes, told)
        self._running: dict[int, SpawnProcess] = {}
        self._failures = dict.fromkeys(range(self._count), 0)
        self._due = dict.fromkeys(range(self._count), 0.0)  # when to start each process that does not run
        self._listening = False

    def serve(self, earlier: Sequence[int] = ()) -> int:
        """Keep all of them running until SIGINT or SIGTERM, now or `earlier`; return the exit code."""
        with caught_signals(self._wake, earlier) as caught:
            try:
                while not caught:
                    self._start_due()
                    self._wait()
                    self._bury()
            finally:
                self._stop()
        return 130 if signal.SIGINT in caught else 0

    def _wake(self) -> None:
        self._plan.news.send(None)

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, moment in self._due.items() if moment <= now]:
            del self._due[number]
            self._plan.queue_sizes[number] = 0
            process = _spawning.Process(
                target=_serve_as, args=(self._plan, number), name=f"eventlog-api-{number}", daemon=True
            )
            process.start()
            self._running[number] = process

    def _wait(self) -> None:
        """Return when one has ended, tells that it listens, or is due, or at a signal."""
        pause = max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None
        connection.wait([self._news, *(process.sentinel for process in self._running.values())], pause)
        while self._news.poll():
            number = self._news.recv()
            if number is not None:
                self._failures[number] = 0
                self._say_once()

    def _say_once(self) -> None:
        if not self._listening:
            self._listening = True
            self._say(announcement(self._plan.settings))

    def _bury(self) -> None:
        """See who has ended, and when to start another in its place: each time later if it never listened."""
        for number, process in list(self._running.items()):
            if process.exitcode is not None:
                del self._running[number]
                pause = pause_seconds(self._failures[number])
                self._failures[number] += 1
                self._due[number] = time.monotonic() + pause
                log.warning("api_process_ended", number=number, exit_code=process.exitcode)

    def _stop(self) -> None:
        """Stop all cleanly; kill those that do not stop."""
        deadline = time.monotonic() + self._plan.settings.shutdown_timeout_seconds + STOP_SECONDS_SPARE
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                log.error("api_process_killed", process=process.name)
                process.kill()
                process.join()


def _serve_as(plan: Plan, number: int) -> None:
    """Be one of the processes."""
    from setproctitle import setproctitle

    keep_standard_output()
    configure_logs(plan.settings.log_level)
    setproctitle(f"eventlog api {number}")
    threading.Thread(target=_stop_with_parent, name="eventlog-parent", daemon=True).start()
    settings, listeners = listen_for(plan.settings, shared=True, number=number)
    member = ProcessIdentity(plan.started_at, plan.queue_sizes, number)

    def tell() -> None:
        with suppress(OSError):  # the parent is gone, and so are we
            plan.news.send(number)

    sys.exit(serve(settings, plan.dsn, listeners, tell, member))


def _stop_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
