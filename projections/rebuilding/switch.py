"""Let another version go live, in one short transaction, tried until it works.

What readers are promised: no table that is missing, empty or shorter than what they have seen. So the
new version must have projected, in every snapshot that can see it through the stable views, at least
what the live one has in that snapshot:

1. Lock the live version's claims, partition by partition in ascending order: it stands still. Nobody
   waits for that but its workers; appends go on.
2. Wait until each checkpoint of the new version has reached the live one's. Ordinary workers do it.
3. Wait until no transaction is left whose snapshot is from before that moment. A reader that keeps a
   snapshot for long (REPEATABLE READ) makes us give up, and try again when it has ended.
4. Re-point the stable views. That waits for their readers, and new readers queue up behind it, so it
   waits for a tenth of a second at most; then give up and try again.
5. Change the live version's row, take the old version's claims away, commit.

A crash at any point rolls it back, or it has happened. A reader whose statement had begun reads the old
tables to its end: they stay until nobody can see them.
"""

import time
from collections.abc import Callable

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.audit.install import install_audit
from eventlog.failpoints import hit
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections import versions
from projections.versions import LOCK_TIMEOUT_MILLISECONDS, Version
from projections.views import point_changed_views

# For how long the live version may stand still in an attempt, for each of the two waits.
STANDSTILL_SECONDS = 2.0
CLAIM_TIMEOUT_MILLISECONDS = 5_000
# An attempt is worth it when the rest is projected within a moment.
BEHIND_MAX = 20_000
POLL_SECONDS = 0.005
WATCH_SECONDS = 0.25
# Every attempt makes the live version stand still for a moment: the longer a reader is in the way, the
# rarer they get.
RETRY_SECONDS_MAX = 2.0


class Transaction(msgspec.Struct, frozen=True):
    """Somebody's transaction that may hold a snapshot."""

    transaction: str
    pid: int
    session: str


class SwitchPostponed(Exception):
    """An attempt was given up; `waiting_for` are the transactions to outlast."""

    def __init__(self, reason: str, waiting_for: list[Transaction] | None = None) -> None:
        super().__init__(reason)
        self.waiting_for = waiting_for or []


def switch(
    connection: Connection, version: Version, begin: Callable[[], None], watch: Callable[[str], None]
) -> int:
    """Let a version go live that workers keep up with; return how many attempts it took.

    Each transaction begins with `begin`. `watch` hears what is waited for, several times a second, and
    may raise to end it.
    """
    attempts = 0
    while True:
        watch("catching up")
        if _behind(connection, version, _live_version(connection, version)) > BEHIND_MAX:
            time.sleep(WATCH_SECONDS)
            continue
        attempts += 1
        try:
            _attempt(connection, version, begin)
        except SwitchPostponed as reason:
            watch(str(reason))
            _outlast(connection, reason, watch)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            seconds = pause_seconds(attempts, RETRY_SECONDS_MAX)
            _pause(seconds, lambda: watch("waiting for readers of the stable views"))
        else:
            return attempts


def _attempt(connection: Connection, version: Version, begin: Callable[[], None]) -> None:
    with connection.transaction():
        begin()
        versions.set_lock_timeout(connection, CLAIM_TIMEOUT_MILLISECONDS)
        connection.execute(statement("versions/lock_schema"))
        live = versions.live(connection, version.projection.name).live_version
        if live is not None:
            _stand_still(connection, version, live)
            _wait(lambda: _behind(connection, version, live) == 0, SwitchPostponed("waiting for the workers"))
            _wait_for_snapshots(connection)
        hit("rb.before_swap")
        versions.set_lock_timeout(connection, LOCK_TIMEOUT_MILLISECONDS)
        point_changed_views(connection, version.projection, version.schema_name)
        if live is None:
            connection.execute(statement("views/grant"))
        connection.execute(statement("rebuild/switch"), {**version.key, "live": live})
        install_audit(connection)


def _stand_still(connection: Connection, version: Version, live: int) -> None:
    """Lock the live version's claims, ascending."""
    rows = connection.execute(statement("versions/partitions")).fetchall()
    for (partition,) in rows:
        connection.execute(
            statement("versions/lock_claim"),
            {"projection": version.projection.name, "version": live, "partition": partition},
        )


def _wait_for_snapshots(connection: Connection) -> None:
    left = _transactions(connection, None)
    deadline = time.monotonic() + STANDSTILL_SECONDS
    while left:
        if time.monotonic() > deadline:
            who = ", ".join(f"session {each.pid} ({each.session})" for each in left)
            raise SwitchPostponed(f"waiting for a snapshot from before the switch: {who}", left)
        time.sleep(POLL_SECONDS)
        left = _transactions(connection, left)


def _outlast(connection: Connection, reason: SwitchPostponed, watch: Callable[[str], None]) -> None:
    left = reason.waiting_for
    while left and (left := _transactions(connection, left)):
        watch(str(reason))
        time.sleep(WATCH_SECONDS)


def _pause(seconds: float, watch: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    while True:
        watch()
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, WATCH_SECONDS))


def _transactions(connection: Connection, only: list[Transaction] | None) -> list[Transaction]:
    names = None if only is None else [each.transaction for each in only]
    cursor = connection.cursor(row_factory=class_row(Transaction))
    return cursor.execute(statement("rebuild/older_transactions"), {"transactions": names}).fetchall()


def _wait(condition: Callable[[], bool], otherwise: SwitchPostponed) -> None:
    deadline = time.monotonic() + STANDSTILL_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise otherwise
        time.sleep(POLL_SECONDS)


def _live_version(connection: Connection, version: Version) -> int | None:
    row = connection.execute(statement("projections/find"), {"name": version.projection.name}).fetchone()
    assert row is not None
    live: int | None
    _, live, *_ = row
    return live


def _behind(connection: Connection, version: Version, live: int | None) -> int:
    """Return how far a version is behind the live one; behind the log, where none is live."""
    row = connection.execute(statement("rebuild/behind"), {**version.key, "live": live}).fetchone()
    assert row is not None
    behind: int
    (behind,) = row
    return behind
