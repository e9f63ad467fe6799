"""Retry what is in quarantine, after a fix: play all deliveries of its event again, in log order.

One transaction an event, under the claim of its partition, so no worker comes between:

1. Take back what the projection says of the event (projections/quarantine/undo.py).
2. Play its deliveries again, those in quarantine and those that were projected, one by one in log order:
   the first one that can be digested is the event, all later ones repeat it, as in any replay.
3. Correct the counts of the steps that had projected them, delete the quarantine of what is projected
   now, and announce the change in `retries`.

If nothing more can be digested than before, all of it is rolled back, and only why the deliveries stay
in quarantine is recorded, where that is another reason than before. Either way the books balance in
every snapshot, and live equals a replay afterwards. It is an operation: no rebuild, drop or other retry
of the projection is under way meanwhile, and what a killed rebuild has left is removed, since it was
filled by the old decisions.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Annotated, Literal

import msgspec
import psycopg
from msgspec import Meta
from psycopg.rows import class_row

from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection, connect_operator, is_transient, translated_errors
from eventlog.statements import statement
from projections import versions
from projections.delivery import Indigestible
from projections.errors import ProjectionDropped, ProjectionOutdated
from projections.operations import Operation, Progress, fence, operation
from projections.play import Batch, Counts, play
from projections.projection import Projection
from projections.quarantine.classify_error import blames_content, cause_of, sqlstate_of
from projections.quarantine.undo import EventKey, undo
from projections.read.deliveries import DeliveryName
from projections.replay import Decision, as_projector, count_quarantined
from projections.versions import Version

# A custom step may take 60 s, and holds its claim for that time.
CLAIM_TIMEOUT_MILLISECONDS = 70_000
# SQLSTATE of a statement that took too long.
TOO_LONG = "57014"
QUARANTINED = Counts(0, 0, 0, 1)


class NotQuarantined(EventlogError):
    """A delivery is not in the quarantine of a live projection."""

    def __init__(self, delivery: str) -> None:
        super().__init__(f"{delivery} is not in quarantine")


class RetryImpossible(EventlogError):
    """A projection's deliveries cannot be played out of order."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"projection {name} has no undo.sql, so no single event of it can be played again: "
            f"`eventlog rebuild {name} --retry` plays all of them"
        )


class Selection(msgspec.Struct, frozen=True):
    """Which deliveries to retry, as (partition, position) or by why they are in quarantine; None is any.

    cause: a part of the cause's text.
    """

    deliveries: list[tuple[int, int]] | None = None
    projection: str | None = None
    sqlstate: str | None = None
    cause: str | None = None


RetriedOutcome = Literal["unique", "duplicate", "conflict", "ignored", "quarantined"]


class Retried(msgspec.Struct, frozen=True):
    """What became of a delivery that was in quarantine."""

    projection: str
    delivery: DeliveryName
    topic: str
    event_id: str
    outcome: RetriedOutcome
    cause: Annotated[str | None, Meta(description="why it is still in quarantine")] = None


class Quarantined(msgspec.Struct, frozen=True):
    """A delivery that a live version has set aside."""

    projection: str
    partition: int
    position: int
    topic: str
    event_id: str
    sqlstate: str
    cause: str

    @property
    def event(self) -> EventKey:
        """The event that it is of."""
        return EventKey(self.partition, self.topic, self.event_id)

    def kept(self, cause: str) -> Retried:
        """Return the result of a delivery that stays in quarantine, and why."""
        delivery = f"{self.partition}:{self.position}"
        return Retried(self.projection, delivery, self.topic, self.event_id, "quarantined", cause)


class Replayed(msgspec.Struct):
    """The deliveries of one event: what each was before, and is now; why some fail."""

    before: dict[int, Counts]
    after: dict[int, Counts]
    failures: dict[int, Decision]

    @property
    def helped(self) -> bool:
        """Whether more can be digested than before, and nothing less."""
        broken = any(self.before[position] != QUARANTINED for position in self.failures)
        return not broken and bool(self.released)

    @property
    def released(self) -> list[int]:
        """The deliveries that are in quarantine no longer."""
        return [
            position
            for position, counts in self.before.items()
            if counts == QUARANTINED and position not in self.failures
        ]


def select(connection: Connection, selection: Selection) -> list[Quarantined]:
    """Return what of the quarantine is chosen, by projection and in log order."""
    deliveries = selection.deliveries
    cursor = connection.cursor(row_factory=class_row(Quarantined))
    return cursor.execute(
        statement("retry/select"),
        {
            "projection": selection.projection,
            "sqlstate": selection.sqlstate,
            "cause": selection.cause,
            "partitions": None if deliveries is None else [partition for partition, _ in deliveries],
            "positions": None if deliveries is None else [position for _, position in deliveries],
        },
    ).fetchall()


def retry(
    dsn: str,
    projection: Projection,
    chosen: Sequence[Quarantined],
    *,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> list[Retried]:
    """Play the events of these deliveries again; return what became of each.

    Raises RetryImpossible, OperationRefused, ProjectionDropped, ProjectionOutdated.
    """
    if not projection.has("undo.sql"):
        raise RetryImpossible(projection.name)
    with (
        operation(dsn, "retry", projection.name, watch=watch) as under_way,
        connect_operator(dsn, "retry") as connection,
        translated_errors(),
    ):
        return _Retry(connection, projection, under_way).run(chosen)


class _Retry:
    """One retry under way."""

    def __init__(self, connection: Connection, projection: Projection, under_way: Operation) -> None:
        self._connection = connection
        self._projection = projection
        self._operation = under_way
        self._begin = partial(fence, connection, under_way.id)

    def run(self, chosen: Sequence[Quarantined]) -> list[Retried]:
        """Retry event by event, each in a transaction of its own."""
        self._connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        version = self._live()
        for left in versions.unfinished(self._connection, self._projection.name):
            versions.discard(
                self._connection, self._projection.name, left.version, left.schema_name, self._begin
            )
        done: list[Retried] = []
        by_event = sorted(chosen, key=lambda each: (each.partition, each.topic, each.event_id, each.position))
        for event, group in groupby(by_event, lambda each: each.event):
            self._operation.report("retrying", len(done), len(chosen))
            done += self._retry(version, event, list(group))
        return done

    def _live(self) -> Version:
        with self._connection.transaction():
            live = versions.live(self._connection, self._projection.name)
        if live.live_version is None or live.schema_name is None:
            raise ProjectionDropped(self._projection.name)
        if live.definition != self._projection.definition:
            raise ProjectionOutdated(self._projection.name)
        return Version(self._projection, live.live_version, live.schema_name)

    def _retry(self, version: Version, event: EventKey, chosen: Sequence[Quarantined]) -> list[Retried]:
        """Retry one event. A broken program is reported like broken content: nothing has changed."""
        try:
            replayed = self._retry_event(version, event)
        except EventlogError:
            raise
        except Exception as error:
            if isinstance(error, psycopg.Error) and is_transient(error):
                raise
            return [each.kept(cause_of(error)) for each in chosen]
        return _results(version, event, replayed, {each.position for each in chosen})

    def _retry_event(self, version: Version, event: EventKey) -> Replayed:
        with self._connection.transaction():
            self._begin()
            self._claim(version, event)
            as_projector(self._connection)
            replayed = self._replay(version, event)
            if not replayed.helped:
                raise psycopg.Rollback
            self._record(version, event, replayed)
            self._explain(version, event, replayed)
        if not replayed.helped:
            with self._connection.transaction():
                self._begin()
                self._explain(version, event, replayed)
        return replayed

    def _claim(self, version: Version, event: EventKey) -> None:
        versions.set_lock_timeout(self._connection, CLAIM_TIMEOUT_MILLISECONDS)
        where = {**version.key, "partition": event.partition}
        self._connection.execute(statement("versions/lock_claim"), where)

    def _replay(self, version: Version, event: EventKey) -> Replayed:
        where = {**version.key, **msgspec.structs.asdict(event)}
        aside = self._connection.execute(statement("retry/of_event"), where).fetchall()
        before = {position: QUARANTINED for (position,) in aside}
        before |= undo(self._connection, version, event, len(aside))
        replayed = Replayed(before, {}, {})
        for position in sorted(before):
            self._play(version, event, position, replayed)
        return replayed

    def _play(self, version: Version, event: EventKey, position: int, replayed: Replayed) -> None:
        projection, schema = version.projection, version.schema_name
        try:
            with self._connection.transaction():
                one = Batch(event.partition, position, position)
                [replayed.after[position]] = play(self._connection, projection, schema, [one])
        except (psycopg.Error, Indigestible) as error:
            if not (
                blames_content(error) or (isinstance(error, psycopg.Error) and error.sqlstate == TOO_LONG)
            ):
                raise
            replayed.after[position] = QUARANTINED
            replayed.failures[position] = Decision(
                event.partition, position, sqlstate_of(error), cause_of(error)
            )
            count_quarantined(self._connection, version, event.partition, position, event.topic)

    def _record(self, version: Version, event: EventKey, replayed: Replayed) -> None:
        where = {**version.key, **msgspec.structs.asdict(event)}
        released = {**where, "positions": replayed.released}
        self._connection.execute(statement("retry/release"), released)
        changes = {**where, **_changes(replayed)}
        self._connection.execute(statement("retry/correct_steps"), changes)
        self._connection.execute(statement("retry/announce"), changes)

    def _explain(self, version: Version, event: EventKey, replayed: Replayed) -> None:
        """Record why what was in quarantine stays there."""
        failed = [
            why for position, why in replayed.failures.items() if replayed.before[position] == QUARANTINED
        ]
        self._connection.execute(
            statement("retry/explain"),
            {
                **version.key,
                "partition": event.partition,
                "positions": [why.position for why in failed],
                "sqlstates": [why.sqlstate for why in failed],
                "causes": [why.cause for why in failed],
            },
        )


def _changes(replayed: Replayed) -> dict[str, list[int]]:
    """Return what changed: positions, and by how much each of their counts."""
    before = {position: msgspec.structs.asdict(counts) for position, counts in replayed.before.items()}
    after = {position: msgspec.structs.asdict(counts) for position, counts in replayed.after.items()}
    changed = [position for position in sorted(before) if before[position] != after[position]]
    return {
        "positions": changed,
        **{
            f"{name}s": [after[position][name] - before[position][name] for position in changed]
            for name in Counts.__struct_fields__
        },
    }


def _results(version: Version, event: EventKey, replayed: Replayed, chosen: set[int]) -> list[Retried]:
    """Return what became of the deliveries that were chosen, and of others that came out along."""
    results = []
    aside = {position for position, counts in replayed.before.items() if counts == QUARANTINED}
    for position in sorted(aside & {*replayed.released, *chosen}):
        counts = replayed.after[position] if replayed.helped else QUARANTINED
        cause = None if counts != QUARANTINED else _cause(event, replayed, position)
        delivery = f"{event.partition}:{position}"
        results.append(
            Retried(version.projection.name, delivery, event.topic, event.event_id, _outcome(counts), cause)
        )
    return results


def _cause(event: EventKey, replayed: Replayed, position: int) -> str:
    """Return why a delivery stays where it is: by itself, or since another one fails now."""
    if position in replayed.failures:
        return replayed.failures[position].cause
    broken = next(why for why in replayed.failures.values() if replayed.before[why.position] != QUARANTINED)
    where = f"{event.partition}:{broken.position}"
    return f"{where}, which was projected before, cannot be any more: {broken.cause}"


def _outcome(counts: Counts) -> RetriedOutcome:
    if counts.quarantined_count:
        return "quarantined"
    if counts.conflict_count:
        return "conflict"
    if counts.duplicate_count:
        return "duplicate"
    return "unique" if counts.unique_count else "ignored"
