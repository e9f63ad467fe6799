"""How many events of a day came with each key, as the log has it: exact, and from all processes.

Each append counts the deliveries of keys that have such a quota in its own transaction (sql/queries/append/
count.sql), so the counts are those of the log whatever crashes. A thread of each process reads them once a
second. What this process takes from then on counts besides; what was under way at that moment, and what
others take in that second, is counted at the next look. So nobody is refused too early, and a quota is
exceeded by no more than that.

A key that gets its quota in the middle of a day has deliveries of that day that nobody counted. They are
counted once, when all processes have known of the quota for a while: what the log has of the day, less what
was counted, in one snapshot.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row, scalar_row

from eventlog.errors import EventlogError
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement

if TYPE_CHECKING:
    from eventlog.keys.meter import KeyMeter

log = structlog.get_logger()

LOOK_SECONDS = 1.0
FOLD_SECONDS = 5.0
# Longer than any process may go by what it knew of a key before.
SETTLED_SECONDS = 3.0
CLOSE_SECONDS = 2.0


class _Today(msgspec.Struct, frozen=True):
    seconds_left: float
    key_id: str | None
    events: int | None


class _Known(msgspec.Struct, frozen=True):
    """What was read: by key; when its day ends; and what this process had taken by then."""

    in_log: dict[str, int]
    ends_at: float
    taken: dict[str, int]


class DayCounts:
    """Reads the counts while `wanted` says that some key needs them. The thread is its own."""

    def __init__(
        self, dsn: str, wanted: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dsn = dsn
        self._wanted = wanted
        self._clock = clock
        self.meters: dict[str, KeyMeter] = {}
        # Replaced as a whole: whoever looks has all of one moment.
        self._known = _Known({}, 0.0, {})
        self._folded_at = clock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-key-days", daemon=True)
        self._thread.start()

    def in_log(self, key_id: str) -> int:
        """Return how many events of today the log has of a key, as far as that is known."""
        known = self._known
        return known.in_log.get(key_id, 0) if self._clock() < known.ends_at else 0

    def since(self, key_id: str, taken: int) -> int:
        """Return how many of these were taken after that was read."""
        return taken - self._known.taken.get(key_id, 0)

    def seconds_left(self) -> float:
        """Return how long today still is, by the database's clock."""
        return (self._known.ends_at - self._clock()) % 86_400

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.wait(0 if self._wanted() else LOOK_SECONDS):
            try:
                with connect(self._dsn, "owner", "keys") as connection:
                    while self._wanted():
                        self._look(connection)
                        failures = 0
                        if self._stopping.wait(LOOK_SECONDS):
                            return
            except (EventlogError, psycopg.Error) as error:
                if not failures:
                    log.warning("key_days_not_read", reason=str(error).splitlines()[0])
                failures += 1
                self._stopping.wait(pause_seconds(failures))

    def _look(self, connection: Connection) -> None:
        asked_at = self._clock()
        cursor = connection.cursor(row_factory=class_row(_Today))
        rows = cursor.execute(statement("keys/today")).fetchall()
        in_log = {row.key_id: row.events for row in rows if row.key_id is not None and row.events is not None}
        taken = {key_id: meter.taken for key_id, meter in dict(self.meters).items()}
        self._known = _Known(in_log, asked_at + rows[0].seconds_left, taken)
        _count_before(connection)
        if self._clock() - self._folded_at > FOLD_SECONDS:
            connection.execute(statement("keys/fold_days"))
            self._folded_at = self._clock()


def _count_before(connection: Connection) -> None:
    """Count what a key published before its quota was set, of one key, if there is any."""
    with connection.transaction():
        key_id = (
            connection.cursor(row_factory=scalar_row)
            .execute(statement("keys/open_day"), {"settled_seconds": SETTLED_SECONDS})
            .fetchone()
        )
        if key_id is not None:
            connection.execute(statement("keys/count_before"), {"id": key_id})
            connection.execute(statement("keys/close_day"), {"id": key_id})
