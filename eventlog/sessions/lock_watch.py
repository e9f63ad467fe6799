"""Free a session that waits too long for the order lock, or for a server that does not answer.

The order lock must never wait for anyone's client. A process that was stopped in the middle of its
COPY would hold it for ever, and no time-out of PostgreSQL's interrupts a COPY that waits for its
client. So whoever waits longer than LOCK_WAIT_SECONDS terminates the holder, which rolls back cleanly.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import structlog

from eventlog.errors import EventlogError
from eventlog.sessions.database import connect
from eventlog.sessions.session_check import Session
from eventlog.sessions.wire import run
from eventlog.statements import statement

log = structlog.get_logger()

LOCK_WAIT_SECONDS = 5.0
# Longer than the wait for a stopped holder; then the connection is cut, and its user hears of it.
APPEND_SECONDS_MAX = 20.0
INTERVAL_SECONDS = 0.5


class LockWatch:
    """Watches one thread that appends, from a thread of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._watched: tuple[Session, float] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-lock-watch", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, connection: Session) -> Iterator[None]:
        """Watch this connection meanwhile."""
        self._watched = connection, time.monotonic()
        try:
            yield
        finally:
            self._watched = None

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(INTERVAL_SECONDS):
            if self._watched is None:
                continue
            connection, since = self._watched
            waited = time.monotonic() - since
            if waited > APPEND_SECONDS_MAX:
                _cut(connection)
            elif waited > LOCK_WAIT_SECONDS:
                self._terminate_holders(connection)

    def _terminate_holders(self, connection: Session) -> None:
        with suppress(EventlogError, psycopg.Error):
            # Not as the appender: a login may end its own sessions only.
            waiting = {"waiting": connection.backend_pid, "held_seconds": LOCK_WAIT_SECONDS}
            with connect(self._dsn, "login", "watch") as watch:
                query = psycopg.ClientCursor(watch).mogrify(statement("append/terminate_holders"), waiting)
                # Not by a cursor, which would wait for ever for a server that does not answer.
                holders = run(watch, query.encode())[-1]
            for row in range(holders.ntuples):
                terminated = holders.get_value(row, 1) == b"t"
                log.warning(
                    "lock_holder_terminated", pid=int(holders.get_value(row, 0) or 0), terminated=terminated
                )


def _cut(connection: Session) -> None:
    """Shut the socket under the waiting thread: the one way to end its wait from outside."""
    log.warning("append_cut", waited_seconds=APPEND_SECONDS_MAX)
    with suppress(OSError, psycopg.Error), socket.socket(fileno=connection.fileno()) as link:
        try:
            link.shutdown(socket.SHUT_RDWR)
        finally:
            link.detach()
