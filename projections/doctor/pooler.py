"""Whether something is between PostgreSQL and us that our sessions have to get along with."""

from eventlog.errors import PoolerUnsuitable
from eventlog.sessions.session_check import Session
from projections.doctor.finding import Finding, ok

NAME = "pooler"
MEND = (
    "PgBouncer: pool_mode = session for this database, then RELOAD; "
    "or lead EVENTLOG_DSN to PostgreSQL itself; see docs/operating.md"
)


def check_pooler(session: Session) -> Finding:
    """Say whether a pooler is between. One that splits sessions would not have let this one begin."""
    if session.pooled:
        return ok(NAME, "one is between, and keeps each session on one backend")
    return ok(NAME, "none between PostgreSQL and us")


def mend_pooler(error: Exception) -> str | None:
    """Return what to do about an error that is a pooler's."""
    return MEND if isinstance(error, PoolerUnsuitable) else None
