"""Whether the log is all there. A dump can be restored in part, and pg_restore goes on after each error.

A partition that has no table takes no delivery; one whose rows were left out would start again at position 1,
where projections have been before and never look again. So whoever finds that says it and goes no further:
nothing here makes an empty table in the place of one that may have held deliveries.
"""

from collections.abc import Iterable

import msgspec
from psycopg.rows import class_row

from eventlog.errors import LogIncomplete
from eventlog.sessions.database import Connection
from eventlog.statements import statement

NAMED_MAX = 8
RESTORE = (
    "and nothing was changed. It was restored in part, or somebody changed it: restore it from a backup into "
    "an empty database, without an error (docs/operating.md)"
)


class Partition(msgspec.Struct, frozen=True):
    """What there is of one partition: its row in `partitions`, its table, its deliveries, its steps."""

    partition: int
    is_known: bool
    has_table: bool
    head: int
    projected: int


class Unreachable(msgspec.Struct, frozen=True):
    """A version of a projection that our roles cannot work with: rights are missing, or its schema is."""

    projection: str
    version: int
    schema_name: str
    has_schema: bool
    is_live: bool


def require_whole(connection: Connection) -> None:
    """Raise LogIncomplete where something of our schema is missing, or deliveries that were projected."""
    faults = list(_faults(connection))
    if faults:
        raise LogIncomplete(f"the log is not whole ({'; '.join(faults)}), {RESTORE}")


def _faults(connection: Connection) -> Iterable[str]:
    missing = [str(name) for (name,) in connection.execute(statement("schema/missing"))]
    if missing:
        # What comes next asks these very tables.
        return [f"missing: {_some(missing)}"]
    cursor = connection.cursor(row_factory=class_row(Partition))
    partitions = cursor.execute(statement("schema/partitions"), prepare=False).fetchall()
    if not partitions:
        return ["it has no partitions"]
    return [*_of_partitions(partitions), *_unreadable(connection)]


def _unreadable(connection: Connection) -> Iterable[str]:
    unreadable = [f"inbox_{partition}" for (partition,) in connection.execute(statement("schema/unreadable"))]
    if unreadable:
        yield f"texts of {_some(unreadable)} are compressed by lz4, which this server was built without"


def _of_partitions(partitions: list[Partition]) -> Iterable[str]:
    unknown = [f"inbox_{p.partition}" for p in partitions if not p.is_known]
    if unknown:
        yield f"tables of partitions that the table partitions lacks: {_some(unknown)}"
    homeless = [f"inbox_{p.partition}" for p in partitions if p.is_known and not p.has_table]
    if homeless:
        yield f"missing: the tables {_some(homeless)} of {len(partitions)} partitions"
    cut = [
        f"partition {p.partition} ends at {p.head}, and was projected through {p.projected}"
        for p in partitions
        if p.is_known and p.has_table and p.head < p.projected
    ]
    if cut:
        yield f"deliveries are missing: {_some(cut)}"


def _some(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
