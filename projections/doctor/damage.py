"""Check for damaged pages: whether the disk gave back what was written to it."""

from datetime import datetime

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning

NAME = "damaged pages"
MEND = (
    "PostgreSQL's log names file and block: mend the disk; then REINDEX an index, `eventlog rebuild` a "
    "projection, restore the log from a backup"
)


class Damage(msgspec.Struct, frozen=True):
    """How many pages had a wrong checksum; None without checksums."""

    pages: int | None
    last_at: datetime | None


def check_damage(connection: Connection) -> Finding:
    """Tell whether anybody has met a page with a wrong checksum; whoever did had an error."""
    found = connection.cursor(row_factory=class_row(Damage)).execute(statement("doctor/damage")).fetchone()
    if found is None or found.pages is None:
        return warning(NAME, "unknown: without checksums nobody would notice", "see data_checksums")
    if found.pages == 0:
        return ok(NAME, "nobody has met one")
    return failed(NAME, f"{found.pages} reads met one, the last at {found.last_at}", MEND)
