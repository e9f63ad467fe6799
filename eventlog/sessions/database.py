"""Connections to PostgreSQL: how they are opened, and what their errors mean."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg.rows import TupleRow

from eventlog.errors import (
    DatabaseUnavailable,
    DataDamaged,
    DiskFull,
    EventlogError,
    LogIncomplete,
    SchemaMismatch,
)
from eventlog.sessions.pinned_settings import Role
from eventlog.sessions.session_check import Session, open_session
from eventlog.statements import statement

Connection = psycopg.Connection[TupleRow]
E = TypeVar("E", bound=EventlogError)

# SQLSTATEs after which the same call may succeed: serialization failure, deadlock, lock not
# available, connection exceptions, out of resources, operator intervention, a session
# that was ended for idling, and a server that is read only, since another one took its place. None of
# them says anything about the content.
TRANSIENT = ("40001", "40P01", "55P03", "08", "53", "57", "25006", "25P03", "25P04", "XX000")

# Of these, the last words of a session: the server or an administrator ends it, or its time is up.
SESSION_ENDED = ("57P0", "08", "25P03", "25P04")

# Whoever made it so may have had another server take its place.
READ_ONLY = "the server is a standby, or it, the database or the login is set to be read only"
# A server goes on without the files it was started from, until a new session needs one.
FILES_GONE = "PostgreSQL's own files were replaced or removed while it runs: start it again"


def is_transient(error: psycopg.Error) -> bool:
    """Say whether the same call may succeed later. An error without SQLSTATE is a lost connection."""
    return error.sqlstate is None or error.sqlstate.startswith(TRANSIENT)


def has_ended_session(error: psycopg.Error, connection: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Say whether an error is the end of a session, and no answer to what it was asked."""
    return connection.closed or (error.sqlstate or "").startswith(SESSION_ENDED)


def has_ended_idle(connection: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Say whether a session ended while nobody used it: then there is something to read where all is silent.

    Nothing is sent: it costs two microseconds. Said too often, it costs a new session.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def connect(dsn: str, role: Role, name: str) -> Session:
    """Open a session, in autocommit: transactions are begun where they are needed, by name.

    Raises DatabaseUnavailable when the server cannot be reached or does not take us in.
    """
    with translated_errors():
        return open_session(dsn, role, name)


def connect_operator(dsn: str, name: str) -> Session:
    """Open a session of the role that the projections belong to, to make, check and drop them.

    That is the owner's, unless `eventlog migrate --roles` has set the logins apart.
    Raises as `connect`; SchemaMismatch where there is no log.
    """
    connection = connect(dsn, "owner", name)
    try:
        with translated_errors():
            connection.execute(statement("sessions/as_operator"))
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn psycopg's errors into ours, by SQLSTATE; what is left is a bug and passes as it is."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> Exception:
    """Return our error for a database error, or the error itself when it is a bug of ours."""
    told = _translated(error)
    return quoting(error, told) if isinstance(told, EventlogError) else told


def as_ours(error: Exception) -> EventlogError | None:
    """Return our error for whatever ended a loop's round; None for a bug, of which a traceback tells more."""
    told = translate(error) if isinstance(error, psycopg.Error) else error
    return told if isinstance(told, EventlogError) else None


def quoting(error: psycopg.Error, told: E) -> E:
    """Return an error of ours that repeats a database error, marked where its words are no server's."""
    told.names_server = error.diag.message_primary is None
    return told


def _translated(error: psycopg.Error) -> Exception:
    message = first_line(error)
    if error.sqlstate == "53100":
        return DiskFull(message)
    if error.sqlstate in ("XX001", "XX002"):
        return DataDamaged(f"{message}; see `eventlog doctor`")
    if error.sqlstate == "25006":
        return DatabaseUnavailable(f"{message}; {READ_ONLY}")
    if error.sqlstate == "58P01":
        return DatabaseUnavailable(f"{message}; {FILES_GONE}")
    if error.sqlstate == "23514" and error.diag.constraint_name is None:
        # No partition takes the row: of all tables, the log alone has any.
        return LogIncomplete(f"{message}: the log is not whole, see `eventlog doctor`")
    if error.sqlstate == "42501":
        return SchemaMismatch(f"{message}: run `eventlog migrate`, which renews the rights of our roles")
    if error.sqlstate in ("3F000", "42P01", "42883", "42703", "22023"):
        return SchemaMismatch(f"{message}; run `eventlog migrate`")
    if is_transient(error) or (error.sqlstate or "").startswith(("28", "3D", "58")):
        return DatabaseUnavailable(message)
    return error


def first_line(error: Exception) -> str:
    """Return the message without context: statements and values stay out of logs and answers."""
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return message or str(error).strip().split("\n")[0] or type(error).__name__
