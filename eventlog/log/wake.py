"""Wake the workers when something was appended: NOTIFY from a connection of its own, coalesced.

Never in the append's own transaction: NOTIFY takes a lock on the whole database until the commit is
on disk, so all appends would queue up behind each other's disk writes.
"""

import threading
from contextlib import suppress

import psycopg

from eventlog.errors import EventlogError
from eventlog.sessions.database import connect

# Under load workers find work without being woken; this bounds what notifying costs then.
INTERVAL_SECONDS = 0.002


class Waker:
    """Turns an event of this process into a notification for all workers."""

    def __init__(self, dsn: str, appended: threading.Event) -> None:
        self._dsn = dsn
        self._appended = appended
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-waker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._appended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            # A lost notification costs the workers' poll interval, nothing else.
            with (
                suppress(EventlogError, psycopg.Error),
                connect(self._dsn, "projector", "wake") as connection,
            ):
                while not self._stopping.wait(INTERVAL_SECONDS):
                    self._appended.wait()
                    self._appended.clear()
                    connection.execute("NOTIFY eventlog_appended")
            self._stopping.wait(1.0)
