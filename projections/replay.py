"""Play the log from its first position into a version that is not live yet, or never will be.

Two ways to the same rows. Filling sorts: into tables without keys, a whole partition at a time, by the
projection's fill.sql. Stepping is what workers do: step by step into keyed tables, halving a batch that
cannot be projected until one delivery is left, which is set aside. A partition is stepped when its
projection has no fill.sql, and when filling meets a delivery that nobody has set aside yet.
"""

from collections.abc import Callable, Sequence

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.delivery import Indigestible
from projections.play import Batch, Counts, play, record
from projections.quarantine.classify_error import blames_content, cause_of, explains, sqlstate_of
from projections.versions import Version, add_keys

# Tables that vanish with their transaction or session: where a replay leaves nothing behind.
TEMPORARY = "pg_temp"
STEP_DELIVERIES = 10_000


class Span(msgspec.Struct, frozen=True):
    """What of a partition is to be played, both ends inclusive."""

    partition: int
    first_position: int
    first: int
    last: int

    @property
    def deliveries(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


class Decision(msgspec.Struct, frozen=True):
    """A delivery that is set aside, and why."""

    partition: int
    position: int
    sqlstate: str
    cause: str


def spans(connection: Connection, version: Version) -> list[Span]:
    """Return what is not played yet, the longest first."""
    cursor = connection.cursor(row_factory=class_row(Span))
    return cursor.execute(statement("replay/spans"), version.key).fetchall()


def decisions(connection: Connection, version: Version, *, retry: bool = False) -> list[Decision]:
    """Return which deliveries a replay has to set aside, as far as is known.

    A decision that the content explains is tried again here, with this code's step: it may be mended,
    and a replay is a function of the log. One that the content does not explain is taken as it is, or
    with `retry` not at all.
    Leaves nothing behind; must be called within a transaction.
    """
    cursor = connection.cursor(row_factory=class_row(Decision))
    decided = cursor.execute(statement("replay/decisions"), version.key).fetchall()
    if retry:
        decided = [each for each in decided if explains(each.sqlstate)]
    if not any(explains(decision.sqlstate) for decision in decided):
        return decided
    probe = msgspec.structs.replace(version, schema_name=TEMPORARY)
    with connection.transaction(force_rollback=True):
        as_projector(connection)
        connection.execute(probe.projection.statement("tables.sql", TEMPORARY))
        add_keys(connection, probe)
        return [
            each
            for each in decided
            if not explains(each.sqlstate) or not _digestible(connection, probe, each)
        ]


def _digestible(connection: Connection, probe: Version, decision: Decision) -> bool:
    position = decision.position
    try:
        with connection.transaction(force_rollback=True):
            one = Batch(decision.partition, position, position)
            play(connection, probe.projection, probe.schema_name, [one])
    except (psycopg.Error, Indigestible) as error:
        if not blames_content(error):
            raise
        return False
    return True


def as_projector(connection: Connection) -> None:
    """Go on with a worker's rights, to the end of the transaction: it plays what may be somebody's own."""
    connection.execute(statement("replay/as_projector"))


def fill(connection: Connection, version: Version, span: Span, decided: Sequence[Decision]) -> bool:
    """Fill a partition and record it as one step, in the caller's transaction.

    False where that fails on content: the partition has to be stepped then, once the version is keyed.
    """
    aside = _of(decided, span)
    as_projector(connection)
    try:
        with connection.transaction():
            cursor = connection.cursor(row_factory=class_row(Counts))
            counts = cursor.execute(
                version.projection.statement("fill.sql", version.schema_name),
                {
                    "partition": span.partition,
                    "first": span.first,
                    "last": span.last,
                    "set_aside": [decision.position for decision in aside],
                },
            ).fetchone()
    except psycopg.Error as error:
        if not blames_content(error):
            raise
        return False
    assert counts is not None
    _set_aside(connection, version, span.partition, aside)
    record(connection, version, [Batch(span.partition, span.first, span.last)], [counts])
    return True


def set_aside(connection: Connection, version: Version, decision: Decision) -> None:
    """Put the next delivery of a partition into quarantine, as a step; joins the caller's transaction."""
    _step(connection, version, Batch(decision.partition, decision.position, decision.position), decision)


def step(
    connection: Connection,
    version: Version,
    span: Span,
    decided: Sequence[Decision],
    *,
    before_each: Callable[[], None] = lambda: None,
    after_each: Callable[[int], None] = lambda deliveries: None,
    batch_size: int = STEP_DELIVERIES,
) -> None:
    """Play a span step by step, each in a transaction of its own.

    A transaction begins with `before_each`; `after_each` hears how many deliveries it played.
    """
    aside = {decision.position: decision for decision in _of(decided, span)}
    position, size = span.first, batch_size
    while position <= span.last:
        last = _end_of_step(position, min(span.last, position + size - 1), aside)
        try:
            with connection.transaction():
                before_each()
                as_projector(connection)
                _step(connection, version, Batch(span.partition, position, last), aside.get(position))
        except (psycopg.Error, Indigestible) as error:
            if not blames_content(error) or position in aside:
                raise
            if position == last:
                aside[position] = Decision(span.partition, position, sqlstate_of(error), cause_of(error))
            size = max(1, (last - position + 1) // 2)
            continue
        after_each(last - position + 1)
        position, size = last + 1, min(batch_size, size * 2)


def _end_of_step(first: int, last: int, aside: dict[int, Decision]) -> int:
    """Return where a step ends: a delivery that is set aside is a step of its own."""
    if first in aside:
        return first
    return min((position - 1 for position in aside if first < position <= last), default=last)


def _step(connection: Connection, version: Version, batch: Batch, aside: Decision | None) -> None:
    if aside is None:
        counts = play(connection, version.projection, version.schema_name, [batch])
    else:
        for topic in _set_aside(connection, version, batch.partition, [aside]):
            count_quarantined(connection, version, batch.partition, batch.first, topic)
        counts = [Counts(0, 0, 0, 1)]
    record(connection, version, [batch], counts)


def count_quarantined(
    connection: Connection, version: Version, partition: int, position: int, topic: str
) -> None:
    """Have a version count a delivery that is set aside, where it does."""
    if version.projection.has("quarantine.sql"):
        connection.execute(
            version.projection.statement("quarantine.sql", version.schema_name),
            {"partition": partition, "position": position, "topic": topic},
        )


def _set_aside(
    connection: Connection, version: Version, partition: int, aside: Sequence[Decision]
) -> list[str]:
    """Record which deliveries are in quarantine; return their topics."""
    rows = connection.execute(
        statement("replay/set_aside"),
        {
            **version.key,
            "partition": partition,
            "positions": [decision.position for decision in aside],
            "sqlstates": [decision.sqlstate for decision in aside],
            "causes": [decision.cause for decision in aside],
        },
    ).fetchall()
    return [topic for (topic,) in rows]


def _of(decided: Sequence[Decision], span: Span) -> list[Decision]:
    return [
        decision
        for decision in decided
        if decision.partition == span.partition and span.first <= decision.position <= span.last
    ]
