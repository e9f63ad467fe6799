"""Drop a projection: its tables go, its name stays; the log has all that a rebuild needs.

The stable views stay too, and raise when they are read, so that grants on them and the views that
others have defined on them survive. What was set aside for a reason that no replay would find again
stays on record.
"""

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import psycopg

from eventlog.audit.install import install_audit
from eventlog.sessions.database import Connection, connect_operator, translated_errors
from eventlog.statements import statement
from projections import versions
from projections.operations import fence, operation
from projections.quarantine.classify_error import CONTENT_CLASSES

RETRY_SECONDS = (0.05, 0.25)


def drop(dsn: str, name: str, cancelled: threading.Event | None = None) -> bool:
    """Drop a projection; False where it was dropped already. Waits for those who read it.

    Raises OperationRefused, ProjectionUnknown, ProjectionInUse, OperationCancelled.
    """
    with operation(dsn, "drop", name, cancelled=cancelled) as under_way:
        with connect_operator(dsn, "drop") as connection, translated_errors():
            watch = partial(under_way.report, "waiting for readers", 0, 0)
            begin = partial(fence, connection, under_way.id)
            dropped = unplug(connection, name, begin, watch)
            for left in versions.unfinished(connection, name):
                versions.discard(connection, name, left.version, left.schema_name, begin)
            versions.retire(connection, name)
        return dropped


def unplug(connection: Connection, name: str, begin: Callable[[], None], watch: Callable[[], None]) -> bool:
    """Drop the live version, tried until no reader is in the way; False where none is live."""
    while True:
        watch()
        try:
            with connection.transaction():
                begin()
                return _unplug(connection, name)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            time.sleep(random.uniform(*RETRY_SECONDS))


def _unplug(connection: Connection, name: str) -> bool:
    versions.set_lock_timeout(connection, versions.LOCK_TIMEOUT_MILLISECONDS)
    connection.execute(statement("versions/lock_schema"))
    live = versions.live(connection, name)
    if live.live_version is None or live.schema_name is None:
        return False
    key = {"projection": name, "version": live.live_version, "schema_name": live.schema_name}
    connection.execute(statement("views/unplug"), key)
    connection.execute(statement("projections/go_live"), {**key, "version": None})
    connection.execute(statement("retry/keep_decisions"), {**key, "content": list(CONTENT_CLASSES)})
    install_audit(connection)
    versions.remove(connection, name, live.live_version, live.schema_name)
    return True
