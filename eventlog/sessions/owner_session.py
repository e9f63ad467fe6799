"""A session of the owner's with the log's database, for commands that change what stands beside the log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlog.acts.actor import act_as
from eventlog.schema.migrate import schema_state
from eventlog.sessions.database import Connection, connect, translated_errors
from eventlog.sessions.open_database import opened_database
from eventlog.settings import load_settings


@contextmanager
def owner_session(name: str, say: Callable[[str], None]) -> Iterator[Connection]:
    """Yield a session of this name, of the settings' database, which must be there. Acts are this user's."""
    with (
        opened_database(load_settings(), say, make=False) as dsn,
        connect(dsn, "owner", name) as connection,
        translated_errors(),
    ):
        schema_state(connection)
        act_as(connection, None)
        yield connection
