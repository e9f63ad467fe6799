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
What fails for another reason (a projection that is broken, a deadlock) rests a while and is tried
again; its neighbours go on. What kills the process is found by projections/attempts.py.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from eventlog.database import Connection, connect, first_line, is_transient
from eventlog.errors import EventlogError
from eventlog.failpoints import hit
from eventlog.reconnecting import pause_seconds
from eventlog.statements import statement
from projections.attempts import Attempts
from projections.blame import blames_content, cause_of, sqlstate_of
from projections.delivery import Indigestible
from projections.play import Counts, play
from projections.projection import CORE, PROJECTIONS, Projection
from projections.time_limit import TookTooLong
from projections.versions import Version

log = structlog.get_logger()

# Workers are woken by NOTIFY; the poll is for the notification that got lost.
POLL_SECONDS = 1.0
# How soon a worker looks again for what another one holds, who may die of it: nobody would tell.
HELD_POLL_SECONDS = 0.25
# Steps of a claim that stay as they are; the older ones are folded when as many have come again.
STEPS_KEPT = 64
# A step leaves a row a topic, so with many topics nearly one a delivery: fold those earlier.
UNFOLDED_DELIVERIES_MAX = 50_000
# A claim that failed rests so long at most. What the database may mend by itself is tried sooner.
REST_SECONDS_MAX = 30.0
REST_SECONDS_MAX_IF_TRANSIENT = 2.0
# How often a worker plays a batch of another projection while core is behind.
OTHERS_SECONDS = 1.0


class Claim(msgspec.Struct, frozen=True):
    """A partition of a version of a projection, and how far behind it is, in deliveries."""

    projection: str
    version: int
    partition: int
    schema_name: str
    lag: int
    suspected: bool

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells it from other claims."""
        return (self.projection, self.version, self.partition)


class Bounds(msgspec.Struct, frozen=True):
    """What is projected, and what there is: both positions inclusive."""

    checkpoint: int
    head: int


class Rest(msgspec.Struct):
    """How often a claim failed in a row, and until when it is left alone (monotonic seconds)."""

    failures: int = 0
    until: float = 0.0


AWAKE = Rest()


class Unfolded(msgspec.Struct):
    """What a worker projected of a claim since it last folded it."""

    steps: int = 0
    deliveries: int = 0


class Worker:
    """Projects until it is stopped; reconnects for ever."""

    def __init__(self, dsn: str, *, batch_size: int, projections: Sequence[Projection] = PROJECTIONS) -> None:
        self._dsn = dsn
        self._batch_size = batch_size
        self._projections = {projection.name: projection for projection in projections}
        self._definitions = [projection.definition for projection in projections]
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._failures = 0
        self._held_by_others = False
        self._others_at = 0.0
        # Of each claim: the batch to try next, halved by bad content, doubled by good; and
        # what was made since the last fold.
        self._sizes: defaultdict[tuple[str, int, int], int] = defaultdict(lambda: batch_size)
        self._unfolded: defaultdict[tuple[str, int, int], Unfolded] = defaultdict(Unfolded)
        self._resting: dict[tuple[str, int, int], Rest] = {}
        self._attempts = Attempts()

    def stop(self) -> None:
        """Let the step under way end, then return from run(). Callable from any thread."""
        self._stop.set()

    @property
    def connected(self) -> bool:
        """Whether the worker has its session."""
        return self._connection is not None

    def run(self) -> None:
        """Project until stop() is called. Errors are logged here, and nothing but stop() ends it."""
        while not self._stop.is_set():
            try:
                with connect(self._dsn, "projector", "worker") as connection:
                    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                    connection.execute("LISTEN eventlog_appended")
                    self._connection = connection
                    log.info("worker_connected", backend_pid=connection.info.backend_pid)
                    with self._attempts.session(connection):
                        self._work(connection)
            except Exception as error:
                lost = (
                    is_transient(error)
                    if isinstance(error, psycopg.Error)
                    else isinstance(error, EventlogError)
                )
                (log.warning if lost else log.exception)("worker_disconnected", reason=_reason(error))
                self._failures += 1
                self._stop.wait(pause_seconds(self._failures))
            finally:
                self._connection = None

    def _work(self, connection: Connection) -> None:
        while not self._stop.is_set():
            # psycopg keeps what arrives while we work: under load it would pile up for ever.
            for _ in connection.notifies(timeout=0):
                pass
            self._attempts.look(connection)
            if not self.round(connection):
                self._wait(connection)

    def _wait(self, connection: Connection) -> None:
        """Sleep until deliveries were appended, stop() was called, or the poll is due."""
        poll_seconds = HELD_POLL_SECONDS if self._held_by_others else POLL_SECONDS
        for _ in range(int(poll_seconds / 0.25)):
            if self._stop.is_set() or any(connection.notifies(timeout=0.25, stop_after=1)):
                return

    def round(self, connection: Connection) -> bool:
        """Project one batch of every partition that is behind and free; False when none was."""
        claims = (
            connection.cursor(row_factory=class_row(Claim))
            .execute(statement("worker/candidates"), {"definitions": self._definitions})
            .fetchall()
        )
        worked = False
        due = self._due(claims)
        for claim in due:
            if self._stop.is_set():
                break
            worked |= self._try(connection, claim)
        self._held_by_others = bool(due) and not worked
        self._failures = 0
        return worked

    def _due(self, claims: list[Claim]) -> list[Claim]:
        """Return what to play in this round: core before all others, as it is what publishers wait for.

        While core is behind at all, the others together get one batch a second: a large one, then, and
        so a cheap one. They may fall back under a load that lasts, and catch up after it.
        """
        now = time.monotonic()
        due = [claim for claim in claims if now >= self._resting.get(claim.key, AWAKE).until]
        first = [claim for claim in due if claim.projection == CORE.name]
        others = [claim for claim in due if claim.projection != CORE.name]
        if not first:
            return others
        if now < self._others_at:
            return first
        self._others_at = now + OTHERS_SECONDS
        return first + others[:1]

    def _try(self, connection: Connection, claim: Claim) -> bool:
        """Project one batch. What one claim fails of must not keep us from the others."""
        key = claim.key
        try:
            worked = self._attempt(connection, claim) if claim.suspected else self._step(connection, claim)
        except Exception as error:
            if connection.closed:
                raise
            self._rest(connection, claim, error)
            return False
        self._resting.pop(key, None)
        return worked

    def _rest(self, connection: Connection, claim: Claim, error: Exception) -> None:
        """Leave a claim alone for a while, and say why."""
        rest = self._resting.setdefault(claim.key, Rest())
        rest.failures += 1
        transient = isinstance(error, psycopg.Error) and error.sqlstate is not None and is_transient(error)
        ceiling = REST_SECONDS_MAX_IF_TRANSIENT if transient else REST_SECONDS_MAX
        seconds = pause_seconds(rest.failures, ceiling)
        rest.until = time.monotonic() + seconds
        cause = cause_of(error)
        log.log(
            logging.WARNING if transient or rest.failures > 1 else logging.ERROR,
            "projection_failed",
            projection=f"{claim.schema_name}/{claim.partition}",
            cause=cause,
            failures=rest.failures,
            rest_seconds=round(seconds, 2),
            exc_info=error if rest.failures == 1 and not transient else None,
        )
        with suppress(psycopg.Error):  # the disk may be full; then the log has it
            connection.execute(
                statement("worker/insert_failure"), {**msgspec.structs.asdict(claim), "cause": cause}
            )

    def _attempt(self, connection: Connection, claim: Claim) -> bool:
        """Project one batch that is announced before, since it may be what kills workers."""
        version = Version(self._projections[claim.projection], claim.version, claim.schema_name)
        step = partial(self._step, connection, claim)
        return self._attempts.attempt(connection, version, claim.partition, self._sizes[claim.key], step)

    def _step(self, connection: Connection, claim: Claim, size_max: int | None = None) -> bool:
        key = claim.key
        size = min(self._sizes[key], size_max or self._sizes[key])
        try:
            done = self._project(connection, claim, size)
        except (psycopg.Error, Indigestible) as error:
            if size == 1 or not blames_content(error):
                raise
            # Never more than there was: else a small batch would be halved in vain.
            self._sizes[key] = max(1, min(size, claim.lag) // 2)
            return True
        if done:
            self._sizes[key] = min(self._batch_size, size * 2)
        return done

    def _project(self, connection: Connection, claim: Claim, size: int) -> bool:
        """Project at most `size` deliveries; False when somebody else has the claim or nothing is left."""
        with connection.transaction():
            bounds = _claim(connection, claim)
            if bounds is None or bounds.head == bounds.checkpoint:
                return False
            hit("proj.claimed")
            first, last = bounds.checkpoint + 1, min(bounds.head, bounds.checkpoint + size)
            play = self._play if size > 1 else self._play_or_set_aside
            counts = play(connection, claim, first, last)
            hit("proj.projected")
            _record(connection, claim, first, last, counts)
            hit("proj.recorded")
            self._fold(connection, claim, last - first + 1)
            hit("proj.done")
        hit("proj.committed")
        return True

    def _play(self, connection: Connection, claim: Claim, first: int, last: int) -> Counts:
        """Run the projection's step over the deliveries first … last."""
        projection = self._projections[claim.projection]
        try:
            return play(connection, projection, claim.schema_name, claim.partition, first, last)
        except (TookTooLong, psycopg.errors.QueryCanceled):
            # As good as dead: by ending like this, the session has the delivery looked for.
            connection.close()
            raise

    def _play_or_set_aside(self, connection: Connection, claim: Claim, first: int, last: int) -> Counts:
        """Project one delivery, or put it into quarantine.

        Under one claim: were it given up in between, another worker could set the delivery aside
        first, and we would then set aside the one after it.
        """
        try:
            with connection.transaction():
                return self._play(connection, claim, first, last)
        except (psycopg.Error, Indigestible) as error:
            if not blames_content(error):
                raise
            self._set_aside(connection, claim, first, error)
            return Counts(0, 0, 0, 1)

    def _set_aside(self, connection: Connection, claim: Claim, position: int, error: Exception) -> None:
        where = {"partition": claim.partition, "position": position}
        sqlstate = sqlstate_of(error)
        why = {"sqlstate": sqlstate, "cause": cause_of(error)}
        row = connection.execute(
            statement("worker/quarantine"), {**msgspec.structs.asdict(claim), **where, **why}
        ).fetchone()
        assert row is not None
        count = self._projections[claim.projection].statement("quarantine.sql", claim.schema_name)
        connection.execute(count, {**where, "topic": row[0]})
        log.warning(
            "delivery_quarantined",
            projection=claim.projection,
            delivery=f"{claim.partition}:{position}",
            sqlstate=sqlstate,
        )

    def _fold(self, connection: Connection, claim: Claim, deliveries: int) -> None:
        """Add up what many steps left in pieces, now and then; the claim is held."""
        unfolded = self._unfolded[claim.projection, claim.version, claim.partition]
        unfolded.steps += 1
        unfolded.deliveries += deliveries
        if unfolded.steps < STEPS_KEPT and unfolded.deliveries < UNFOLDED_DELIVERIES_MAX:
            return
        unfolded.steps = unfolded.deliveries = 0
        fold = self._projections[claim.projection].statement("fold.sql", claim.schema_name)
        connection.execute(fold, {"partition": claim.partition})
        connection.execute(
            statement("worker/fold_steps"), {**msgspec.structs.asdict(claim), "keep": STEPS_KEPT}
        )


def _claim(connection: Connection, claim: Claim) -> Bounds | None:
    """Take the claim and say what there is to do; None when another worker has it."""
    key = {"projection": claim.projection, "version": claim.version, "partition": claim.partition}
    # No pipeline: after one, PostgreSQL 18 does not count a session as idle in its transaction, so a worker
    # stopped right here would keep its claim for ever.
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
    if claim.projection == CORE.name:
        # Wakes who follows the log. Within the transaction, other than the append's: its commit does not
        # wait for the disk, so the lock that NOTIFY takes is held for microseconds.
        connection.execute("NOTIFY eventlog_projected")


def _reason(error: Exception) -> str:
    return first_line(error) if isinstance(error, psycopg.Error) else str(error)
