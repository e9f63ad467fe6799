"""Whether keys are about to end, or nobody uses them."""

from collections.abc import Iterator

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, ok, warning

EXPIRING_DAYS_MAX = 14
NEVER_USED_DAYS_MAX = 7
UNUSED_DAYS_MAX = 90
NAMED_MAX = 5
MENDS = {
    "expires": (
        f"of keys that expire within {EXPIRING_DAYS_MAX} days",
        "make another and give it to its program before: `eventlog keys create`",
    ),
    "never used": (
        f"of keys that nobody has used, {NEVER_USED_DAYS_MAX} days after they were made",
        "give it to its program, or `eventlog keys revoke`",
    ),
    "unused": (
        f"of keys that nobody has used for {UNUSED_DAYS_MAX} days",
        "if nobody needs it any more: `eventlog keys revoke`; `eventlog keys list --unused 90d` lists them",
    ),
}


class WornKey(msgspec.Struct, frozen=True):
    """A key that somebody should look at, and why."""

    id: str
    name: str
    reason: str


def check_keys(connection: Connection) -> Iterator[Finding]:
    """Say which keys end soon, were never used, or not for long."""
    values = {
        "expiring_days": EXPIRING_DAYS_MAX,
        "never_used_days": NEVER_USED_DAYS_MAX,
        "unused_days": UNUSED_DAYS_MAX,
    }
    worn = (
        connection.cursor(row_factory=class_row(WornKey)).execute(statement("doctor/keys"), values).fetchall()
    )
    if not worn:
        yield ok("keys", "none ends soon, and none lies unused")
    for reason, (what, mend) in MENDS.items():
        found = [f"{key.id} ({key.name})" for key in worn if key.reason == reason]
        if found:
            more = f" and {len(found) - NAMED_MAX} more" if len(found) > NAMED_MAX else ""
            yield warning("keys", f"{len(found)} {what}: {', '.join(found[:NAMED_MAX])}{more}", mend)
