"""Whether a figure counts: everything that was sent is there once, and the projection says so, too."""

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement as product_statement
from projections.read import Books
from tests.benchmarks.statements import statement


class Recount(msgspec.Struct, frozen=True):
    """The log counted anew, beside the projection's tables."""

    received: int
    unique_events: int
    partitions_with_gaps: int
    events: int
    duplicates: int
    conflicts: int
    events_missing: int
    topics_wrong: int


def faults(observer: Connection, received: int, unique: int, *, projected: bool) -> list[str]:
    """Return what is not as it must be after so many deliveries of so many different events."""
    observer.execute(statement("recount_memory"))
    found = observer.cursor(row_factory=class_row(Recount)).execute(statement("recount")).fetchone()
    assert found is not None
    wanted = Recount(received, unique, 0, unique, received - unique, 0, 0, 0)
    if not projected:
        wanted = msgspec.structs.replace(
            found, received=received, unique_events=unique, partitions_with_gaps=0
        )
    wrong = [
        f"{name}: {getattr(found, name)}, expected {getattr(wanted, name)}"
        for name in Recount.__struct_fields__
        if getattr(found, name) != getattr(wanted, name)
    ]
    if not _read(observer).balanced:
        wrong.append("the books do not balance")
    return wrong


def _read(observer: Connection) -> Books:
    cursor = observer.cursor(row_factory=class_row(Books))
    totals = {"counted": "none", "topic_from": "", "topic_to": "", "topics": 0}
    found = cursor.execute(product_statement("stats/books"), totals).fetchone()
    assert found is not None
    return found
