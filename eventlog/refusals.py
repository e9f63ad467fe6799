"""Keep a record of refused publishes, for audit: what was wrong and when, never the body.

Best effort and bounded: a flood of bad requests must not cost the good ones anything, so records are
written once a second from memory, and beyond the bound the oldest are dropped.
"""

import threading
from collections import deque
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

import psycopg

from eventlog.database import Connection, connect
from eventlog.errors import EventlogError
from eventlog.statements import statement

INTERVAL_SECONDS = 1.0
MEMORY_MAX = 1_000
TABLE_ROWS_MAX = 10_000


class Refusal(NamedTuple):
    """One refused publish; `pointer` names the first field at fault, if it was one."""

    request_id: UUID
    status: int
    code: str
    pointer: str | None


class RefusalLog:
    """Collects refusals on the event loop, writes them from a thread."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiting: deque[Refusal] = deque(maxlen=MEMORY_MAX)
        self._stopping = threading.Event()
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-refusals", daemon=True)
        self._thread.start()

    def add(self, refusal: Refusal) -> None:
        """Remember a refusal; never blocks, never fails."""
        self._waiting.append(refusal)
        self._some.set()

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._stopping.set()
        self._some.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._some.wait()
            self._stopping.wait(INTERVAL_SECONDS)
            self._some.clear()
            with (
                suppress(EventlogError, psycopg.Error),
                connect(self._dsn, "appender", "refusals") as connection,
            ):
                self._write(connection)

    def _write(self, connection: Connection) -> None:
        rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not rows:
            return
        connection.execute(
            statement("refused/insert"),
            {
                "request_ids": [row.request_id for row in rows],
                "statuses": [row.status for row in rows],
                "codes": [row.code for row in rows],
                "pointers": [row.pointer for row in rows],
            },
        )
        connection.execute(statement("refused/prune"), {"keep": TABLE_ROWS_MAX})
