"""Move what publish_events() left in the outbox to the log.

In one READ COMMITTED transaction: claim the outbox with SKIP LOCKED (one mover at a time, so that a
topic's events keep the order of their ids), take the oldest committed rows, delete them, append them
by the log's own protocol, commit. A crash anywhere leaves the rows in the outbox or in the log, never
in both or in neither; so a commit whose outcome is unknown needs no care.

A transaction of somebody's that is still open holds up nobody: its rows are not there yet, and are
moved once they are, after rows with larger ids if need be.

Rows that the log refuses cannot come from publish_events(). Should one be there all the same, the
batch is halved until it stands alone; then it stays in the outbox, is logged, and is passed over
until the mover starts anew.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from uuid import uuid4

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from eventlog.events import Events
from eventlog.failpoints import hit
from eventlog.intake import contents_of
from eventlog.log.append import append, encode
from eventlog.schema.migrate import schema_state
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import Connection, as_ours, connect, first_line, is_transient
from eventlog.sessions.lock_watch import LockWatch
from eventlog.sessions.replication_guard import SubscriptionWatch
from eventlog.sessions.session_check import Session
from eventlog.statements import statement

log = structlog.get_logger()

POLL_SECONDS = 0.1
# As much as one flush of the writer: whoever waits for the order lock meanwhile waits that long.
MOVE_EVENTS_MAX = 1_000
MOVE_BYTES_MAX = 4 << 20


class Waiting(msgspec.Struct, frozen=True):
    """One row of the outbox."""

    id: int
    topic: str
    event_id: str
    raw: str


class Mover:
    """Moves until it is stopped; reconnects for ever. Any number may run at once: one of them works."""

    def __init__(self, dsn: str, *, on_moved: Callable[[], None] = lambda: None) -> None:
        """on_moved is called after each commit, in the mover's thread."""
        self._dsn = dsn
        self._on_moved = on_moved
        self._stop = threading.Event()
        self._failures = 0
        self._limit = MOVE_EVENTS_MAX
        self._refused: list[int] = []
        self._subscription = SubscriptionWatch("eventlog.inbox")

    def stop(self) -> None:
        """Let the move under way end, then return from run(). Callable from any thread."""
        self._stop.set()

    def run(self) -> None:
        """Move until stop() is called. Errors are logged here, and nothing but stop() ends it."""
        with closing(LockWatch(self._dsn)) as lock_watch:
            while not self._stop.is_set():
                try:
                    partitions = self._partitions()
                    with connect(self._dsn, "appender", "outbox") as connection:
                        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                        connection.execute(statement("append/settings"))
                        self._work(connection, partitions, lock_watch)
                except Exception as error:
                    told = as_ours(error)
                    if told is None:
                        log.exception("mover_disconnected", reason=first_line(error))
                    elif self._failures == 0:
                        log.warning("mover_disconnected", reason=str(told))
                    self._failures += 1
                    self._stop.wait(pause_seconds(self._failures))

    def _partitions(self) -> int:
        with connect(self._dsn, "reader", "outbox") as connection:
            return schema_state(connection).partitions

    def _work(self, connection: Session, partitions: int, lock_watch: LockWatch) -> None:
        while not self._stop.is_set():
            with lock_watch.over(connection):
                moved = self._try_to_move(connection, partitions)
            self._failures = 0
            if not moved:
                self._stop.wait(POLL_SECONDS)

    def _try_to_move(self, connection: Connection, partitions: int) -> bool:
        """Move one batch; False when nothing waits or another mover has the outbox."""
        # Looked at before anything is claimed: an empty claim would burn a transaction id.
        waiting = connection.execute(statement("outbox/waiting"), {"refused": self._refused}).fetchone()
        if waiting is None or not waiting[0]:
            return False
        self._subscription.require_none(connection)
        rows: list[Waiting] = []
        try:
            with connection.transaction():
                rows = self._take(connection)
                if rows:
                    hit("outbox.claimed")
                    _move(connection, rows, partitions)
        except psycopg.Error as error:
            if is_transient(error):
                raise
            self._isolate(rows, error)
            return True
        if rows:
            hit("outbox.committed")
            self._limit = min(MOVE_EVENTS_MAX, self._limit * 2)
            self._on_moved()
        return bool(rows)

    def _take(self, connection: Connection) -> list[Waiting]:
        claimed = connection.execute(statement("outbox/claim")).fetchone()
        if claimed is None or not claimed[0]:
            return []
        limits = {"refused": self._refused, "events_max": self._limit, "bytes_max": MOVE_BYTES_MAX}
        return (
            connection.cursor(row_factory=class_row(Waiting))
            .execute(statement("outbox/take"), limits)
            .fetchall()
        )

    def _isolate(self, rows: Sequence[Waiting], error: psycopg.Error) -> None:
        """Halve the next batch after a refusal; pass over a row that was refused alone."""
        if len(rows) == 0:
            raise error
        if len(rows) > 1:
            self._limit = len(rows) // 2
            return
        self._refused.append(rows[0].id)
        log.error("outbox_row_refused", id=rows[0].id, sqlstate=error.sqlstate, reason=first_line(error))


def _move(connection: Connection, rows: Sequence[Waiting], partitions: int) -> None:
    """Delete and append. Deleted first: the order lock is taken as late as possible."""
    raws = [row.raw.encode() for row in rows]
    events = Events([row.topic for row in rows], [row.event_id for row in rows], raws, contents_of(raws))
    deliveries = encode(events, partitions, uuid4().bytes)
    connection.execute(statement("outbox/delete"), {"ids": [row.id for row in rows]})
    hit("outbox.deleted")
    append(connection, [deliveries])
    hit("outbox.appended")
