"""What alarms look at that nothing counts: old snapshots, and projections not verified for long."""

import msgspec
from psycopg.rows import class_row

from eventlog.statements import statement
from projections.read.session import ReadSession


class Since(msgspec.Struct, frozen=True):
    """For how long something has been so, in seconds; of a projection, where it is one's."""

    seconds: float
    name: str = ""


async def unverified(reader: ReadSession) -> list[Since]:
    """Return for how long each live projection has not been proven to equal a replay."""
    cursor = reader.cursor(row_factory=class_row(Since))
    return await (await cursor.execute(statement("read/unverified"))).fetchall()


async def oldest_snapshot(reader: ReadSession) -> list[Since]:
    """Return for how long the oldest snapshot has been held."""
    cursor = reader.cursor(row_factory=class_row(Since))
    return await (await cursor.execute(statement("read/oldest_snapshot"))).fetchall()
