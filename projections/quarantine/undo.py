"""Take back what a version says of one event, so that it can be played again; joins the transaction.

Only what does not depend on the order of events can be taken back; a projection says so by having an
undo.sql.
"""

import msgspec
from psycopg.rows import class_row
from psycopg.sql import Identifier

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.play import STEP_TIMEOUT_MILLISECONDS, Counts
from projections.versions import Version

UNIQUE = Counts(1, 0, 0, 0)


class EventKey(msgspec.Struct, frozen=True):
    """What names an event: its partition follows from its topic."""

    partition: int
    topic: str
    event_id: str


class Undone(msgspec.Struct, frozen=True):
    """A delivery that had been projected, and as what."""

    position: int
    unique_count: int
    duplicate_count: int
    conflict_count: int

    @property
    def counts(self) -> Counts:
        """What it was counted as."""
        return Counts(self.unique_count, self.duplicate_count, self.conflict_count, 0)


def undo(connection: Connection, version: Version, event: EventKey, quarantined: int) -> dict[int, Counts]:
    """Take an event back; return its deliveries that have to be played again, and what they were.

    quarantined: how many of its deliveries are in quarantine: they are to be played, too.
    """
    where = msgspec.structs.asdict(event)
    if version.projection.each is None:
        cursor = connection.cursor(row_factory=class_row(Undone))
        take_back = version.projection.statement("undo.sql", version.schema_name)
        undone = cursor.execute(take_back, {**where, "quarantined": quarantined}).fetchall()
        return {each.position: each.counts for each in undone}
    fold(connection, version, event.partition)
    if version.projection.each == "delivery":
        return {}
    forget = _FORGET.format(schema=Identifier(version.schema_name))
    row = connection.execute(forget, where).fetchone()
    if row is None:
        return {}
    # All later deliveries were dropped unread as repeats, and stay so.
    position: int
    (position,) = row
    _take_back(connection, version, event.partition, position)
    return {position: UNIQUE}


def fold(connection: Connection, version: Version, partition: int) -> None:
    """Put a partition's pieces together: what is added for a position must not meet another piece of it."""
    if version.projection.each is not None and version.projection.has("fold.sql"):
        folding = version.projection.statement("fold.sql", version.schema_name)
        connection.execute(folding, {"partition": partition})


def _take_back(connection: Connection, version: Version, partition: int, position: int) -> None:
    schema = version.schema_name
    connection.execute(_SETTINGS, {"schema": schema, "timeout": str(STEP_TIMEOUT_MILLISECONDS)})
    batch = {"partition": partition, "first": position, "last": position, "positions": [position]}
    connection.execute(version.projection.statement("undo.sql", schema), batch)
    fold(connection, version, partition)


_FORGET = statement("batch/forget_event")
_SETTINGS = statement("batch/settings")
