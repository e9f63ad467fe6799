"""A projector worker: claim one partition of one projection, project a batch, record the step.

One transaction, READ COMMITTED, does it all:

1. Claim: lock the row (projection, version, partition) with SKIP LOCKED. Who does not get it takes
   another; who dies loses it with the connection. No lease, no heartbeat, no clock.
2. Read the checkpoint and the head by a *new* statement, whose snapshot has the last holder's step.
3. Project the deliveries after the checkpoint by one set-based statement.
4. Insert the step row with its counts; its key ends in `first`, so two workers that started from
   one stale checkpoint cannot both commit.
5. Commit. A crash anywhere before leaves nothing; a crash after leaves all of it. Either way the
   next worker goes on from the checkpoint, and nothing is counted twice.

Content that cannot be projected: roll back, halve the batch, commit what is good, and set the one
delivery at fault aside. The database being away says nothing about content and sets nothing aside.
"""

import random
import threading
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from eventlog.database import Connection, connect, first_line, is_transient
from eventlog.errors import EventlogError
from eventlog.statements import statement
from projections.projection import PROJECTIONS, Projection

log = structlog.get_logger()

# Workers are woken by NOTIFY; the poll is for the notification that got lost.
POLL_SECONDS = 1.0
# Steps of a claim that stay as they are; the older ones are folded when as many have come again.
STEPS_KEPT = 64
RECONNECT_SECONDS_MAX = 2.0
# What a step that fails says about the content: data exceptions, constraints that the content
# violates, limits that it exceeds, and what a projection raises itself.
CONTENT_CLASSES = ("22", "23", "54", "P0001")


class Claim(msgspec.Struct, frozen=True):
    """A partition of a version of a projection, and how far behind it is, in deliveries."""

    projection: str
    version: int
    partition: int
    schema_name: str
    lag: int


class Bounds(msgspec.Struct, frozen=True):
    """What is projected, and what there is: both positions inclusive."""

    checkpoint: int
    head: int


class Counts(msgspec.Struct, frozen=True):
    """What the deliveries of a step were."""

    unique_count: int
    duplicate_count: int
    conflict_count: int
    quarantined_count: int


class Worker:
    """Projects until it is stopped; reconnects for ever."""

    def __init__(self, dsn: str, *, batch_size: int, projections: Sequence[Projection] = PROJECTIONS) -> None:
        self._dsn = dsn
        self._batch_size = batch_size
        self._projections = {projection.name: projection for projection in projections}
        self._definitions = [projection.definition for projection in projections]
        self._stop = threading.Event()
        self._connection: Connection | None = None
        # Of each claim: the batch to try next, halved by bad content, doubled by good; and the
        # steps made since the last fold.
        self._sizes: defaultdict[tuple[str, int, int], int] = defaultdict(lambda: batch_size)
        self._unfolded: defaultdict[tuple[str, int, int], int] = defaultdict(int)

    def stop(self) -> None:
        """Let the step under way end, then return from run(). Callable from any thread."""
        self._stop.set()

    @property
    def connected(self) -> bool:
        """Whether the worker has its session."""
        return self._connection is not None

    def run(self) -> None:
        """Project until stop() is called. Errors are logged here, and nothing but stop() ends it."""
        failures = 0
        while not self._stop.is_set():
            try:
                with connect(self._dsn, "projector", "worker") as connection:
                    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                    connection.execute("LISTEN eventlog_appended")
                    self._connection = connection
                    log.info("worker_connected", backend_pid=connection.info.backend_pid)
                    failures = 0
                    self._work(connection)
            except (EventlogError, psycopg.Error) as error:
                lost = not isinstance(error, psycopg.Error) or is_transient(error)
                (log.warning if lost else log.exception)("worker_disconnected", reason=_reason(error))
                failures += 1
                ceiling = min(RECONNECT_SECONDS_MAX, 0.05 * 2**failures)
                self._stop.wait(random.uniform(ceiling / 2, ceiling))
            finally:
                self._connection = None

    def _work(self, connection: Connection) -> None:
        while not self._stop.is_set():
            if not self.round(connection):
                self._wait(connection)

    def _wait(self, connection: Connection) -> None:
        """Sleep until deliveries were appended, stop() was called, or the poll is due."""
        for _ in range(int(POLL_SECONDS / 0.25)):
            if self._stop.is_set() or any(connection.notifies(timeout=0.25, stop_after=1)):
                return

    def round(self, connection: Connection) -> bool:
        """Project one batch of every partition that is behind and free; False when none was."""
        claims = (
            connection.cursor(row_factory=class_row(Claim))
            .execute(statement("worker/candidates"), {"definitions": self._definitions})
            .fetchall()
        )
        return sum(self._step(connection, claim) for claim in claims if not self._stop.is_set()) > 0

    def _step(self, connection: Connection, claim: Claim) -> bool:
        key = (claim.projection, claim.version, claim.partition)
        size = self._sizes[key]
        try:
            done = self._project(connection, claim, size)
        except psycopg.Error as error:
            if is_transient(error) or not (error.sqlstate or "").startswith(CONTENT_CLASSES):
                raise
            if size > 1:
                # Never more than there was: else a small batch would be halved in vain.
                self._sizes[key] = max(1, min(size, claim.lag) // 2)
                return True
            done = self._set_aside(connection, claim, error)
        if done:
            self._sizes[key] = min(self._batch_size, size * 2)
        return done

    def _project(self, connection: Connection, claim: Claim, size: int) -> bool:
        """Project at most `size` deliveries; False when somebody else has the claim or nothing is left."""
        projection = self._projections[claim.projection]
        with connection.transaction():
            bounds = _claim(connection, claim)
            if bounds is None or bounds.head == bounds.checkpoint:
                return False
            first, last = bounds.checkpoint + 1, min(bounds.head, bounds.checkpoint + size)
            counts = (
                connection.cursor(row_factory=class_row(Counts))
                .execute(
                    projection.statement("step.sql", claim.schema_name),
                    {"partition": claim.partition, "first": first, "last": last},
                )
                .fetchone()
            )
            assert counts is not None
            _record(connection, claim, first, last, counts)
            self._fold(connection, claim, projection)
        return True

    def _set_aside(self, connection: Connection, claim: Claim, error: psycopg.Error) -> bool:
        """Put the delivery after the checkpoint into quarantine, as a step of its own."""
        projection = self._projections[claim.projection]
        with connection.transaction():
            bounds = _claim(connection, claim)
            if bounds is None or bounds.head == bounds.checkpoint:
                return False
            position = bounds.checkpoint + 1
            cause = first_line(error)
            where = {"partition": claim.partition, "position": position}
            row = connection.execute(
                statement("worker/quarantine"),
                {**msgspec.structs.asdict(claim), **where, "sqlstate": error.sqlstate, "cause": cause},
            ).fetchone()
            assert row is not None
            connection.execute(
                projection.statement("quarantine.sql", claim.schema_name), {**where, "topic": row[0]}
            )
            _record(connection, claim, position, position, Counts(0, 0, 0, 1))
        log.warning(
            "delivery_quarantined",
            projection=claim.projection,
            delivery=f"{claim.partition}:{position}",
            sqlstate=error.sqlstate,
        )
        return True

    def _fold(self, connection: Connection, claim: Claim, projection: Projection) -> None:
        key = (claim.projection, claim.version, claim.partition)
        self._unfolded[key] += 1
        if self._unfolded[key] < STEPS_KEPT:
            return
        self._unfolded[key] = 0
        connection.execute(
            projection.statement("fold.sql", claim.schema_name), {"partition": claim.partition}
        )
        connection.execute(
            statement("worker/fold_steps"), {**msgspec.structs.asdict(claim), "keep": STEPS_KEPT}
        )


def _claim(connection: Connection, claim: Claim) -> Bounds | None:
    """Take the claim and say what there is to do; None when another worker has it."""
    key = {"projection": claim.projection, "version": claim.version, "partition": claim.partition}
    row = connection.execute(statement("worker/claim"), key).fetchone()
    if row is None or not row[0]:
        return None
    bounds = connection.cursor(row_factory=class_row(Bounds)).execute(statement("worker/bounds"), key)
    return bounds.fetchone()


def _record(connection: Connection, claim: Claim, first: int, last: int, counts: Counts) -> None:
    connection.execute(
        statement("worker/insert_step"),
        {**msgspec.structs.asdict(claim), "first": first, "last": last, **msgspec.structs.asdict(counts)},
    )


def _reason(error: Exception) -> str:
    return first_line(error) if isinstance(error, psycopg.Error) else str(error)
