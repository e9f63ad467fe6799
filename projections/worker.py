"""A projector worker: claim partitions of a projection, project a batch, record the steps.

One transaction, READ COMMITTED, does it all:

1. Claim: lock rows (projection, version, partition) with SKIP LOCKED. Who does not get one takes
   another; who dies loses it with the connection. No lease, no heartbeat, no clock.
2. Read checkpoint and head of each by a *new* statement, whose snapshot has the last holder's step.
3. Project the deliveries after the checkpoints by one set-based statement.
4. Insert a step row for each partition with its counts; its key ends in `first`, so two workers that
   started from one stale checkpoint cannot both commit.
5. Commit. A crash anywhere before leaves nothing; a crash after leaves all of it. Either way the
   next worker goes on from the checkpoint, and nothing is counted twice.

Partitions are claimed until there is enough for a batch, so that a light load costs one transaction and
not one for each partition. What fails together is tried one by one.

Content that cannot be projected: roll back, halve the batch, commit what is good, and set the one
delivery at fault aside. The database being away says nothing about content and sets nothing aside.
What fails for another reason (a projection that is broken, a deadlock) rests a while and is tried
again; its neighbours go on. What kills the process is found by projections/quarantine/crash_isolation.py.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from eventlog.failpoints import hit
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import Connection, as_ours, connect, first_line, is_transient
from eventlog.sessions.replication_guard import SubscriptionWatch
from eventlog.statements import statement
from projections.custom.time_limit import TookTooLong
from projections.delivery import Indigestible
from projections.play import Batch, Counts, play, record
from projections.projection import CORE, PROJECTIONS, Projection
from projections.quarantine.classify_error import blames_content, cause_of, sqlstate_of
from projections.quarantine.crash_isolation import CrashIsolation
from projections.schedule import Claim, Schedule, enough
from projections.step_metrics import StepMetrics
from projections.stop_signal import Listener, StopSignal
from projections.versions import Version

log = structlog.get_logger()

# Workers are woken by NOTIFY; the poll is for the notification that got lost.
POLL_SECONDS = 1.0
# How soon a worker looks again for what others hold. They may die of it, and nobody would tell; until then it
# need not be woken for what they will find themselves.
HELD_SECONDS = 0.02
# Steps of a claim that stay as they are; the older ones are folded when as many have come again.
STEPS_KEPT = 64
# A step leaves a row a topic, so with many topics nearly one a delivery: fold those earlier.
UNFOLDED_DELIVERIES_MAX = 50_000


class TakenClaim(msgspec.Struct, frozen=True):
    """A claim that is ours: what is projected of it, and what there is; both positions inclusive."""

    partition: int
    checkpoint: int
    head: int


class Unfolded(msgspec.Struct):
    """What a worker projected of a claim since it last folded it."""

    steps: int = 0
    deliveries: int = 0


class Worker:
    """Projects until it is stopped; reconnects for ever."""

    def __init__(
        self,
        dsn: str,
        *,
        batch_size: int,
        projections: Sequence[Projection] = PROJECTIONS,
        metrics: StepMetrics | None = None,
    ) -> None:
        self._dsn = dsn
        self._metrics = metrics
        # When its loop last turned; None while it was not started.
        self.turned_at: float | None = None
        self._projections = {projection.name: projection for projection in projections}
        self._schedule = Schedule(self._projections, batch_size)
        self._definitions = [projection.definition for projection in projections]
        self._stop = StopSignal()
        self._connection: Connection | None = None
        self._failures = 0
        self._told = ""  # why there is no session, as it was logged
        self._held_by_others = False
        self._unfolded: defaultdict[tuple[str, int, int], Unfolded] = defaultdict(Unfolded)
        self._attempts = CrashIsolation()
        self._subscription = SubscriptionWatch("eventlog.steps")

    def stop(self) -> None:
        """Let the step under way end, then return from run(). Callable from any thread."""
        self._stop.set()

    @property
    def connected(self) -> bool:
        """Whether the worker has its session."""
        return self._connection is not None

    def run(self) -> None:
        """Project until stop() is called. Errors are logged here, and nothing but stop() ends it."""
        with self._stop.listening() as listener:
            self._run(listener)

    def _run(self, listener: Listener) -> None:
        while not self._stop.is_set():
            self.turned_at = time.monotonic()
            try:
                with connect(self._dsn, "projector", "worker") as connection:
                    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                    connection.execute("LISTEN eventlog_appended")
                    self._subscription.require_none(connection)
                    self._connection = connection
                    log.info("worker_connected", backend_pid=connection.backend_pid)
                    with self._attempts.session(connection):
                        self._work(connection, listener)
            except Exception as error:
                told = as_ours(error)
                if told is None:
                    log.exception("worker_disconnected", reason=first_line(error))
                elif str(told) != self._told:
                    self._told = str(told)
                    log.warning("worker_disconnected", reason=self._told)
                self._failures += 1
                self._stop.wait(pause_seconds(self._failures))
            finally:
                self._connection = None

    def _work(self, connection: Connection, listener: Listener) -> None:
        while not self._stop.is_set():
            self.turned_at = time.monotonic()
            # psycopg keeps what arrives while we work: under load it would pile up for ever.
            for _ in connection.notifies(timeout=0):
                pass
            self._attempts.look(connection)
            self._subscription.require_none(connection)
            if not self.round(connection):
                self._wait(connection, listener)

    def _wait(self, connection: Connection, listener: Listener) -> None:
        """Sleep until deliveries were appended, stop() was called, or it is time to look again."""
        if self._held_by_others:
            self._stop.wait(HELD_SECONDS)
            return
        until = self._schedule.look_again_at(time.monotonic() + POLL_SECONDS)
        while not self._stop.is_set() and (seconds := until - time.monotonic()) > 0:
            if any(connection.notifies(timeout=0, stop_after=1)):
                return
            listener.wait_with(connection, seconds)

    def round(self, connection: Connection) -> bool:
        """Project a batch of what is behind and free; False when there was nothing."""
        claims = (
            connection.cursor(row_factory=class_row(Claim))
            .execute(statement("worker/candidates"), {"definitions": self._definitions})
            .fetchall()
        )
        worked = False
        due = self._schedule.due(claims)
        for together in due:
            if self._stop.is_set():
                break
            self.turned_at = time.monotonic()
            worked |= self._try(connection, together)
        self._held_by_others = bool(due) and not worked
        self._failures, self._told = 0, ""
        return worked

    def _try(self, connection: Connection, claims: list[Claim]) -> bool:
        """Project one batch. What one claim fails of must not keep us from the others."""
        try:
            if claims[0].suspected:
                worked = self._attempt(connection, claims[0])
            else:
                worked = self._step(connection, claims)
        except Exception as error:
            if connection.closed:
                raise
            for claim in claims:
                self._rest(connection, claim, error)
            return False
        self._schedule.rested(claims)
        return worked

    def _rest(self, connection: Connection, claim: Claim, error: Exception) -> None:
        """Leave a claim alone for a while, and say why."""
        if self._metrics is not None:
            self._metrics.failed(claim.projection)
        transient = isinstance(error, psycopg.Error) and error.sqlstate is not None and is_transient(error)
        failures, seconds = self._schedule.rest(claim, transient=transient)
        cause = cause_of(error)
        log.log(
            logging.WARNING if transient or failures > 1 else logging.ERROR,
            "projection_failed",
            projection=f"{claim.schema_name}/{claim.partition}",
            cause=cause,
            failures=failures,
            rest_seconds=round(seconds, 2),
            exc_info=error if failures == 1 and not transient else None,
        )
        with suppress(psycopg.Error):  # the disk may be full; then the log has it
            connection.execute(
                statement("worker/insert_failure"), {**msgspec.structs.asdict(claim), "cause": cause}
            )

    def _attempt(self, connection: Connection, claim: Claim) -> bool:
        """Project one batch that is announced before, since it may be what kills workers."""
        version = self._version_of(claim)
        step = partial(self._step, connection, [claim])
        size = self._schedule.size([claim])
        return self._attempts.attempt(connection, version, claim.partition, size, step)

    def _version_of(self, claim: Claim) -> Version:
        return Version(self._projections[claim.projection], claim.version, claim.schema_name)

    def _step(self, connection: Connection, claims: list[Claim], size_max: int | None = None) -> bool:
        size = self._schedule.size(claims)
        size = min(size, size_max or size)
        try:
            done = self._project(connection, claims, size)
        except (psycopg.Error, Indigestible) as error:
            if connection.closed or (len(claims) == 1 and (size == 1 or not blames_content(error))):
                raise
            self._schedule.bad(claims, size)
            return True
        if done:
            self._schedule.good(claims, size)
        return done

    def _project(self, connection: Connection, claims: list[Claim], size: int) -> bool:
        """Project at most `size` deliveries; False when others have the claims or nothing is left."""
        version = self._version_of(claims[0])
        began = time.monotonic()
        with connection.transaction():
            batches = _take(connection, version, claims, size)
            if not batches:
                return False
            hit("proj.claimed")
            play = self._play if size > 1 else self._play_or_set_aside
            counts = play(connection, version, batches)
            hit("proj.projected")
            record(connection, version, batches, counts, announced=version.projection.name == CORE.name)
            hit("proj.recorded")
            for batch in batches:
                self._fold(connection, version, batch)
            hit("proj.done")
        hit("proj.committed")
        if self._metrics is not None:
            done = sum(batch.deliveries for batch in batches)
            self._metrics.step(version.projection.name, done, time.monotonic() - began)
        return True

    def _play(self, connection: Connection, version: Version, batches: list[Batch]) -> list[Counts]:
        """Run the projection's step over the deliveries of the batches."""
        try:
            return play(connection, version.projection, version.schema_name, batches)
        except (TookTooLong, psycopg.errors.QueryCanceled):
            # As good as dead: by ending like this, the session has the delivery looked for.
            connection.close()
            raise

    def _play_or_set_aside(
        self, connection: Connection, version: Version, batches: list[Batch]
    ) -> list[Counts]:
        """Project one delivery, or put it into quarantine.

        Under one claim: were it given up in between, another worker could set the delivery aside
        first, and we would then set aside the one after it.
        """
        [one] = batches
        try:
            with connection.transaction():
                return self._play(connection, version, batches)
        except (psycopg.Error, Indigestible) as error:
            if not blames_content(error):
                raise
            _set_aside(connection, version, one, error)
            return [Counts(0, 0, 0, 1)]

    def _fold(self, connection: Connection, version: Version, batch: Batch) -> None:
        """Add up what many steps left in pieces, now and then; the claim is held."""
        unfolded = self._unfolded[version.projection.name, version.number, batch.partition]
        unfolded.steps += 1
        unfolded.deliveries += batch.deliveries
        if unfolded.steps < STEPS_KEPT and unfolded.deliveries < UNFOLDED_DELIVERIES_MAX:
            return
        unfolded.steps = unfolded.deliveries = 0
        fold = version.projection.statement("fold.sql", version.schema_name)
        connection.execute(fold, {"partition": batch.partition})
        connection.execute(
            statement("worker/fold_steps"),
            {**version.key, "partition": batch.partition, "keep": STEPS_KEPT},
        )


def _take(connection: Connection, version: Version, claims: list[Claim], size: int) -> list[Batch]:
    """Claim until there is enough, at most `size` deliveries; nothing when other workers have it all."""
    partitions = [claim.partition for claim in claims]
    wanted = {**version.key, "partitions": partitions, "enough": enough(claims, size)}
    # No pipeline: after one, PostgreSQL 18 does not count a session as idle in its transaction, so a worker
    # stopped right here would keep its claims for ever.
    taken = connection.cursor(row_factory=class_row(TakenClaim)).execute(statement("worker/take"), wanted)
    batches = []
    for claim in taken:
        last = min(claim.head, claim.checkpoint + size)
        batches.append(Batch(claim.partition, claim.checkpoint + 1, last))
        size -= batches[-1].deliveries
    return batches


def _set_aside(connection: Connection, version: Version, one: Batch, error: Exception) -> None:
    sqlstate = sqlstate_of(error)
    where = {"partition": one.partition, "position": one.first}
    why = {"sqlstate": sqlstate, "cause": cause_of(error)}
    row = connection.execute(statement("worker/quarantine"), {**version.key, **where, **why}).fetchone()
    assert row is not None
    (topic,) = row
    count = version.projection.statement("quarantine.sql", version.schema_name)
    connection.execute(count, {**where, "topic": topic})
    log.warning(
        "delivery_quarantined",
        projection=version.projection.name,
        delivery=f"{one.partition}:{one.first}",
        sqlstate=sqlstate,
    )


def _reason(error: Exception) -> str:
    return first_line(error) if isinstance(error, psycopg.Error) else str(error)
