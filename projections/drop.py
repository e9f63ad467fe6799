"""Drop a projection: its tables go, its name stays; the log has all that a rebuild needs.

It is dropped in one transaction, as soon as no reader is in the way of re-pointing the stable views; who
reads its tables still, as a question in SQL may that cannot be ended, has them for as long. They go then, or
with the next start or rebuild.

The stable views stay too, and raise when they are read, so that grants on them and the views that
others have defined on them survive. What was set aside for a reason that no replay would find again
stays on record.
"""

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import msgspec
import psycopg

from eventlog.audit.install import install_audit
from eventlog.sessions.database import Connection, connect_operator, translated_errors
from eventlog.statements import statement
from projections import versions
from projections.operations import Progress, fence, operation
from projections.quarantine.classify_error import CONTENT_CLASSES

RETRY_SECONDS = (0.05, 0.25)


class Dropped(msgspec.Struct, frozen=True):
    """What came of it: whether there was a live version, and the schemas that somebody reads still."""

    was_live: bool
    kept: list[str]


def drop(
    dsn: str,
    name: str,
    cancelled: threading.Event | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Dropped:
    """Drop a projection.

    Raises OperationRefused, ProjectionUnknown, ProjectionInUse, OperationCancelled.
    """
    with operation(dsn, "drop", name, cancelled=cancelled, watch=watch) as under_way:
        with connect_operator(dsn, "drop") as connection, translated_errors():
            begin = partial(fence, connection, under_way.id)
            was_live = unplug(connection, name, begin, lambda phase: under_way.report(phase, 0, 0))
            for left in versions.unfinished(connection, name):
                versions.discard(connection, name, left.version, left.schema_name, begin)
            dropped = Dropped(was_live, versions.retire_soon(connection, name))
        under_way.detail = msgspec.to_builtins(dropped)
        return dropped


def unplug(
    connection: Connection, name: str, begin: Callable[[], None], watch: Callable[[str], None]
) -> bool:
    """Have no version be live, tried until no reader is in the way; False where none was."""
    while True:
        watch("waiting for readers of the stable views")
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
    connection.execute(statement("retry/keep_decisions"), {**key, "content": list(CONTENT_CLASSES)})
    install_audit(connection)
    versions.give_up_live(connection, name, live.live_version, live.schema_name)
    return True
