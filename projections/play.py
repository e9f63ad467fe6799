"""Play batches of the log into the tables of one version; in the caller's transaction.

The input is decided here, once for SQL and Python: which deliveries of the batch the projection
wants, and which of them are the first of their event. What it has seen is in a table of its own
version, written in the same transaction, so a replay sees the same.
"""

from collections.abc import Iterator, Sequence

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.custom.time_limit import time_limit
from projections.delivery import Delivery, Indigestible
from projections.projection import Projection
from projections.versions import Version

# Somebody's own step: unqualified names are its version's, and nothing may run for ever.
STEP_TIMEOUT_MILLISECONDS = 60_000
APPLY_SECONDS_MAX = 60.0
# The largest events, this many of them, are half a gigabyte.
APPLIED_MAX = 500
# What Python raises when data is not as expected, or nested too deep for it. All else is the program's
# fault: tried again.
CONTENT_ERRORS = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError)


class Batch(msgspec.Struct, frozen=True):
    """Deliveries of one partition, both ends inclusive."""

    partition: int
    first: int
    last: int

    @property
    def deliveries(self) -> int:
        """How many deliveries the batch has."""
        return self.last - self.first + 1


class Counts(msgspec.Struct, frozen=True):
    """What the deliveries of a step were."""

    unique_count: int
    duplicate_count: int
    conflict_count: int
    quarantined_count: int
    ignored_count: int = 0


class WantedPositions(msgspec.Struct, frozen=True):
    """The positions to project, ascending, and how many of the batch were of wanted topics."""

    positions: list[int]
    wanted_count: int


def play(
    connection: Connection, projection: Projection, schema: str, batches: Sequence[Batch]
) -> list[Counts]:
    """Project batches of different partitions; return what each of them was.

    Raises what the content causes: psycopg.Error, or Indigestible of a projection in Python.
    """
    if projection.each is None:
        return _counted_by_itself(connection, projection, schema, batches)
    return [_play(connection, projection, schema, batch) for batch in batches]


def _counted_by_itself(
    connection: Connection, projection: Projection, schema: str, batches: Sequence[Batch]
) -> list[Counts]:
    step = projection.statement("step.sql", schema)
    counts = connection.cursor(row_factory=class_row(Counts)).execute(step, _columns(batches)).fetchall()
    assert len(counts) == len(batches)
    return counts


def _play(connection: Connection, projection: Projection, schema: str, batch: Batch) -> Counts:
    bounds = msgspec.structs.asdict(batch)
    taken = _take(connection, projection, schema, bounds)
    if taken.positions:
        _apply(connection, projection, schema, bounds, taken.positions)
        if projection.updates:
            connection.execute(_CHECK_CONSTRAINTS)
            connection.execute(_DEFER_CONSTRAINTS)
    fresh = len(taken.positions)
    return Counts(fresh, taken.wanted_count - fresh, 0, 0, batch.deliveries - taken.wanted_count)


def record(
    connection: Connection,
    version: Version,
    batches: Sequence[Batch],
    counts: Sequence[Counts],
    *,
    announced: bool = False,
) -> None:
    """Insert the step rows of what was played: these move the checkpoints. `announced` wakes readers."""
    steps = {**version.key, **_columns(batches), **_columns(counts), "announced": announced}
    connection.execute(statement("worker/insert_steps"), steps)


def _columns(rows: Sequence[msgspec.Struct]) -> dict[str, list[int]]:
    """Return rows of one type as arrays for unnest: `first` as firsts, and so on."""
    return {f"{name}s": [getattr(row, name) for row in rows] for name in rows[0].__struct_fields__}


def _take(
    connection: Connection, projection: Projection, schema: str, bounds: dict[str, object]
) -> WantedPositions:
    wanted = {
        "topics": [topic for topic in projection.topics if not topic.endswith("*")],
        "prefixes": [topic[:-1] for topic in projection.topics if topic.endswith("*")]
        if projection.topics
        else [""],
    }
    take = _TAKE[projection.each].format(schema=Identifier(schema))
    taken = (
        connection.cursor(row_factory=class_row(WantedPositions))
        .execute(take, {**bounds, **wanted})
        .fetchone()
    )
    assert taken is not None
    return taken


def _apply(
    connection: Connection,
    projection: Projection,
    schema: str,
    bounds: dict[str, object],
    positions: list[int],
) -> None:
    connection.execute(_SETTINGS, {"schema": schema, "timeout": str(STEP_TIMEOUT_MILLISECONDS)})
    if projection.apply is None:
        connection.execute(projection.statement("step.sql", schema), {**bounds, "positions": positions})
        return
    try:
        for deliveries in _read(connection, bounds["partition"], positions):
            with time_limit(APPLY_SECONDS_MAX):
                projection.apply(deliveries, connection)
    except psycopg.Error:
        raise
    except CONTENT_ERRORS as error:
        raise Indigestible(f"{type(error).__name__}: {error}") from error
    except SystemExit as error:
        # Would end the worker's thread without a word.
        raise RuntimeError("the projection called sys.exit()") from error


def _read(connection: Connection, partition: object, positions: list[int]) -> Iterator[list[Delivery]]:
    """Yield the deliveries at positions in parts: a batch of large ones need not fit into memory."""
    cursor = connection.cursor(row_factory=class_row(Delivery))
    for start in range(0, len(positions), APPLIED_MAX):
        part = positions[start : start + APPLIED_MAX]
        wanted = {"partition": partition, "first": part[0], "last": part[-1], "positions": part}
        yield cursor.execute(_READ, wanted).fetchall()


_TAKE: dict[str | None, SQL] = {
    "event": statement("batch/take_events"),
    "delivery": statement("batch/take_deliveries"),
}
_READ: Composed = statement("batch/read").format(batch=statement("batch/rows"))
_SETTINGS: SQL = statement("batch/settings")
_CHECK_CONSTRAINTS: SQL = statement("batch/check_constraints")
_DEFER_CONSTRAINTS: SQL = statement("batch/defer_constraints")
