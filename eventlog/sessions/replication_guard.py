"""What is written by logical replication is written by nobody else.

A delivery that is appended to a copy of a log takes a position that the log itself will give to another: when
that one comes, it finds its key taken, and replication stops for good. So does a step that a worker records
where steps are copied. Whoever takes over switches the subscription off first; it is looked for now and then,
since it may come and go while we are connected.
"""

import time
from typing import Literal

from psycopg.sql import Literal as Quoted

from eventlog.errors import LogSubscribed
from eventlog.sessions.database import Connection
from eventlog.sessions.wire import run
from eventlog.statements import statement

LOOK_SECONDS = 5.0


class SubscriptionWatch:
    """Keeps one writer of a table from writing where a subscription does."""

    def __init__(self, table: Literal["eventlog.inbox", "eventlog.steps"]) -> None:
        self._find = statement("sessions/find_subscription").format(table=Quoted(table)).as_bytes(None)
        self._look_at = 0.0

    def require_none(self, connection: Connection) -> None:
        """Raise LogSubscribed, or the psycopg.Error of the look, of which there is one every few seconds."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = 0.0  # again at once, as long as there is one
        [found] = run(connection, self._find)
        name = found.get_value(0, 0)
        if name is not None:
            raise LogSubscribed(name.decode())
        self._look_at = time.monotonic() + LOOK_SECONDS
