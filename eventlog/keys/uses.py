"""Which keys are used: noted for nothing at each request, and written down now and then."""

import threading
from collections.abc import Callable

import psycopg
import structlog

from eventlog.errors import EventlogError
from eventlog.sessions.database import connect
from eventlog.statements import statement

log = structlog.get_logger()

WRITE_SECONDS = 30.0
# What was written so lately is good enough, by whichever process.
COARSE_SECONDS = 240.0
CLOSE_SECONDS = 2.0


class KeyUses:
    """Of one process. `used` is called by the event loop; the thread that writes is its own."""

    def __init__(self, dsn: str, write_seconds: float = WRITE_SECONDS) -> None:
        self._dsn = dsn
        self._write_seconds = write_seconds
        self._ids: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-key-uses", daemon=True)
        self._thread.start()

    @property
    def used(self) -> Callable[[str], None]:
        """What to call with the id of a key that is used now."""
        return self._ids.add

    def close(self) -> None:
        """Write down what there is, and end the thread."""
        self._stopping.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(self._write_seconds):
            self._write()
        self._write()

    def _write(self) -> None:
        ids, self._ids = self._ids, set()
        if not ids:
            return
        try:
            with connect(self._dsn, "owner", "look") as connection:
                values = {"ids": sorted(ids), "coarse_seconds": COARSE_SECONDS}
                connection.execute(statement("keys/mark_used"), values)
        except (EventlogError, psycopg.Error) as error:
            log.warning("key_uses_not_written", reason=str(error).splitlines()[0])
            self._ids |= ids
