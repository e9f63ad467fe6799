"""The guarded path for the command line: over the database that the settings name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlog.audit.auditor import Auditor
from eventlog.schema.migrate import schema_state
from eventlog.sessions.database import connect
from eventlog.sessions.open_database import opened_database
from eventlog.settings import Settings


@contextmanager
def opened_auditor(settings: Settings, say: Callable[[str], None]) -> Iterator[tuple[Auditor, str]]:
    """Yield an auditor and the owner's DSN. Raises SchemaMismatch before anything is asked."""
    with opened_database(settings, say, make=False) as dsn:
        with connect(dsn, "owner", "console") as owner:
            schema_state(owner)
        yield Auditor(dsn, settings.audit_dsn), dsn
