"""Rebuild a projection beside the live one, and switch.

1. Create the next version: a schema of its own, tables without keys. No claims: no worker sees it.
2. Fill it, partition by partition, several at a time, each with its step in one transaction.
3. Make keys and indexes; step through the partitions that could not be filled.
4. Insert its claims: from here on ordinary workers project it.
5. Switch when it has caught up: projections/rebuilding/switch.py.
6. Remove the version before, once nobody can see it: projections/versions.py.

Somebody's own projection is played in a process of its own, which it may kill: rebuild_apart.py.
Killed at any point, the next rebuild goes on where this one was, or starts over if the code has
changed meanwhile. Cancelled, it removes what it has made. Appends and readers notice nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.sql import Identifier

from eventlog.failpoints import hit
from eventlog.sessions.database import Connection, connect_operator, translate, translated_errors
from eventlog.statements import statement
from projections import replay, versions
from projections.drop import unplug
from projections.errors import OperationCancelled, ProjectionFailed
from projections.operations import Operation, Progress, fence, operation
from projections.pool import WorkerPool
from projections.projection import Projection
from projections.quarantine.classify_error import blames_content, cause_of
from projections.rebuilding.job_pool import JobPool
from projections.rebuilding.steps import Steps, play_steps
from projections.rebuilding.subprocess_player import SubprocessPlayer, known_killers, play_apart
from projections.rebuilding.switch import switch
from projections.replay import Decision, Span
from projections.verify import refuse_difference
from projections.versions import Version

log = structlog.get_logger()


class Options(msgspec.Struct, frozen=True):
    """How to rebuild.

    workers: how many connections fill, and how many workers catch up.
    throttle: the most deliveries a second until it has caught up; played in steps then.
    in_place: drop the live version first; it cannot be read until the end.
    verify: compare with another replay before the switch.
    retry: try again also what was set aside for a reason that its content does not show.
    """

    workers: int = 2
    batch_size: int = 10_000
    throttle: int | None = None
    in_place: bool = False
    verify: bool = False
    retry: bool = False


class RebuildOutcome(msgspec.Struct, frozen=True):
    """What a rebuild did. `kept` are schemas that somebody can still see: the next rebuild removes them."""

    version: int
    deliveries: int
    seconds: float
    resumed: bool
    attempts: int
    kept: list[str]


def rebuild(
    dsn: str,
    projection: Projection,
    options: Options | None = None,
    *,
    id: UUID | None = None,
    cancelled: threading.Event | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    by: str | None = None,
    in_process: bool = False,
) -> RebuildOutcome:
    """Rebuild a projection and return when the new version is live.

    in_process: play also somebody's own projection in this process, which it may kill.

    Raises OperationRefused, OperationCancelled, ProjectionDiffers (with `verify`), DatabaseUnavailable.
    """
    apart = projection.each is not None and not in_process
    with operation(
        dsn, "rebuild", projection.name, id=id, cancelled=cancelled, watch=watch, by=by
    ) as under_way:
        with connect_operator(dsn, "rebuild") as connection, translated_errors():
            connection.execute(statement("rebuild/session"))
            with SubprocessPlayer(dsn, projection) if apart else nullcontext() as player:
                under = _Rebuild(dsn, connection, projection, options or Options(), under_way, player)
                outcome = under.run()
        under_way.detail = msgspec.to_builtins(outcome)
        return outcome


class _Rebuild:
    """One rebuild under way."""

    def __init__(
        self,
        dsn: str,
        connection: Connection,
        projection: Projection,
        options: Options,
        under_way: Operation,
        apart: SubprocessPlayer | None,
    ) -> None:
        self._dsn = dsn
        self._connection = connection
        self._projection = projection
        self._options = options
        self._operation = under_way
        self._apart = apart
        self._phase = "starting"
        self._done = 0
        self._total = 0
        self._began = time.monotonic()
        self._counting = threading.Lock()

    def run(self) -> RebuildOutcome:
        """Do all of it; what is cancelled leaves nothing behind."""
        try:
            return self._run()
        except (OperationCancelled, KeyboardInterrupt):
            self._discard_unfinished()
            raise
        except psycopg.Error as error:
            if translate(error) is not error:
                raise
            raise ProjectionFailed(self._projection.name, cause_of(error)) from error

    def _run(self) -> RebuildOutcome:
        versions.retire(self._connection, self._projection.name)
        if self._options.in_place:
            self._drop_live()
        version, resumed, claimed = self._resume() or (self._create(), False, False)
        if not claimed:
            self._play(version)
        attempts = self._go_live(version)
        hit("rb.swapped")
        kept = versions.retire_soon(self._connection, self._projection.name)
        hit("rb.dropped_old")
        seconds = time.monotonic() - self._began
        return RebuildOutcome(version.number, self._done, round(seconds, 3), resumed, attempts, kept)

    def _watch(self, phase: str | None = None) -> None:
        self._phase = phase or self._phase
        self._operation.report(self._phase, self._done, self._total)
        self._tend()

    def _tend(self) -> None:
        if self._apart is not None:
            self._apart.tend()

    def _report_verifying(self, phase: str, done: int, total: int) -> None:
        self._operation.report(f"verifying: {phase}", done, total)
        self._tend()

    def _begin(self) -> None:
        fence(self._connection, self._operation.id)

    def _drop_live(self) -> None:
        self._watch("dropping the live version")
        unplug(self._connection, self._projection.name, self._begin, self._watch)
        versions.retire_soon(self._connection, self._projection.name)

    # What is left of an earlier rebuild

    def _resume(self) -> tuple[Version, bool, bool] | None:
        """Return the version to go on with, and whether workers have it already; remove all others."""
        found = versions.unfinished(self._connection, self._projection.name)
        resumed = None
        for left in found:
            if resumed is None and left.definition == self._projection.definition:
                resumed = (Version(self._projection, left.version, left.schema_name), True, left.claimed)
            else:
                self._discard(left)
        return resumed

    def _discard_unfinished(self) -> None:
        for left in versions.unfinished(self._connection, self._projection.name):
            try:
                self._discard(left)
            except psycopg.errors.LockNotAvailable:
                log.warning("rebuild_left_behind", schema=left.schema_name)

    def _discard(self, left: versions.Unfinished) -> None:
        versions.discard(self._connection, self._projection.name, left.version, left.schema_name, self._begin)

    def _create(self) -> Version:
        with self._connection.transaction():
            self._begin()
            version = versions.create(self._connection, self._projection)
        hit("rb.created")
        return version

    # Playing

    def _play(self, version: Version) -> None:
        spans = replay.spans(self._connection, version)
        self._total = sum(span.deliveries for span in spans)
        self._watch("looking at the quarantine")
        decided = self._decided(version)
        if not self._is_keyed(version):
            self._fill(version, spans, decided)
            self._key(version)
        self._step(version, decided)
        with self._connection.transaction():
            self._begin()
            self._connection.execute(statement("versions/add_claims"), version.key)

    def _decided(self, version: Version) -> list[Decision]:
        if self._apart is None:
            with self._connection.transaction():
                return replay.decisions(self._connection, version, retry=self._options.retry)
        # Not tried again here, where it might kill us: the steps do.
        return [] if self._options.retry else known_killers(self._connection, version)

    def _is_keyed(self, version: Version) -> bool:
        found = versions.unfinished(self._connection, version.projection.name)
        return any(each.keyed for each in found if each.version == version.number)

    def _fill(self, version: Version, spans: Sequence[Span], decided: Sequence[Decision]) -> None:
        if not version.projection.has("fill.sql") or self._options.throttle is not None:
            return
        # A span that begins later was filled before we were killed; its rest is for the workers.
        empty = [span for span in spans if span.first == span.first_position]
        self._watch("filling")
        self._crew().do([partial(self._fill_one, version, span, decided) for span in empty])

    def _fill_one(
        self, version: Version, span: Span, decided: Sequence[Decision], connection: Connection
    ) -> None:
        with connection.transaction():
            fence(connection, self._operation.id)
            filled = replay.fill(connection, version, span, decided)
        if filled:
            self._count(span.deliveries)
        hit("rb.copied")

    def _key(self, version: Version) -> None:
        self._watch("making keys and indexes")
        self._crew().do([partial(self._key_it, version)])
        hit("rb.keyed")

    def _key_it(self, version: Version, connection: Connection) -> None:
        try:
            with connection.transaction():
                fence(connection, self._operation.id)
                self._add_keys(version, connection)
        except psycopg.Error as error:
            if not blames_content(error):
                raise
            # A row that no key takes: only a step finds out which one.
            self._done = 0
            with connection.transaction():
                fence(connection, self._operation.id)
                connection.execute(statement("versions/empty"), version.key)
                versions.create_tables(connection, version)
                self._add_keys(version, connection)

    def _add_keys(self, version: Version, connection: Connection) -> None:
        connection.execute(statement("rebuild/key_together"), {"others": str(self._options.workers - 1)})
        versions.add_keys(connection, version)
        schema = {"schema_name": version.schema_name}
        for (table,) in connection.execute(statement("versions/tables"), schema).fetchall():
            names = {"schema": Identifier(version.schema_name), "table": Identifier(table)}
            connection.execute(statement("rebuild/analyze").format(**names))
        connection.execute(statement("versions/keyed"), version.key)

    def _step(self, version: Version, decided: Sequence[Decision]) -> None:
        """Step through what could not be filled, and what was appended meanwhile."""
        left = replay.spans(self._connection, version)
        if not left:
            return
        self._total = self._done + sum(span.deliveries for span in left)
        self._watch("playing in steps")
        given = self._options
        steps = Steps(
            operation=self._operation.id,
            version=version.number,
            schema_name=version.schema_name,
            spans=left,
            decided=list(decided),
            workers=given.workers,
            batch_size=given.batch_size,
            throttle=given.throttle,
        )
        if self._apart is None:
            play_steps(
                self._dsn, version.projection, steps, self._count, self._watch, self._operation.cancelled
            )
            return
        unplayed = partial(replay.spans, self._connection, version)
        play_apart(self._apart, steps, unplayed, self._count, self._watch)
        # What was committed in a process that died went uncounted.
        self._done = self._total

    def _count(self, deliveries: int) -> None:
        with self._counting:
            self._done += deliveries

    def _crew(self) -> JobPool:
        return JobPool(self._dsn, self._options.workers, self._watch)

    # Going live

    def _go_live(self, version: Version) -> int:
        with self._catching_up():
            if self._options.verify:
                refuse_difference(self._dsn, version, self._report_verifying)
            hit("rb.caughtup")
            return switch(self._connection, version, self._begin, self._watch)

    @contextmanager
    def _catching_up(self) -> Iterator[None]:
        """Have workers of ours project it meanwhile."""
        count, batch_size = self._options.workers, self._options.batch_size
        if self._apart is not None:
            self._apart.catch_up(count, batch_size)
            yield
            return
        pool = WorkerPool(self._dsn, count=count, batch_size=batch_size, projections=[self._projection])
        pool.start()
        try:
            yield
        finally:
            pool.stop()
