"""Find out whether what is between us and PostgreSQL keeps a session on one backend.

Every pooler that gives a session more than one backend has to keep its own list of whom to cancel, so it
tells a client another process id than the backend's: where both agree, nobody needs to ask further. Where
they do not, two sessions find out. In the transaction of the one, the other must still be on the backend
that it had before: whoever hands backends out by transaction either gave it away, or takes another one from
those that idle. They take turns, since a pooler may hand out the same twice by chance.
"""

import time
from contextlib import closing

import psycopg

from eventlog.errors import PoolerUnsuitable
from eventlog.sessions.pinned_settings import session_dsn
from eventlog.sessions.wire import run
from eventlog.statements import statement

TURNS = 3
# How long the answer for an address is kept: whoever runs the pooler may change its mode.
KEPT_SECONDS = 60.0

_whole_until: dict[str, float] = {}


def require_whole_sessions(dsn: str) -> None:
    """Raise PoolerUnsuitable unless a session has a backend of its own until it ends."""
    if _whole_until.get(dsn, 0.0) > time.monotonic():
        return
    bare = session_dsn(dsn, "owner", "look", options=False)
    with closing(_open(bare)) as one, closing(_open(bare)) as other:
        for _ in range(TURNS):
            _require_two_backends(one, other)
            _require_two_backends(other, one)
    _whole_until[dsn] = time.monotonic() + KEPT_SECONDS


def _require_two_backends(one: psycopg.Connection, other: psycopg.Connection) -> None:
    mine = {_backend(one), _backend(one)}
    _begin(other, one)
    # The first may have none any more to answer with, where there are few.
    if _backend(other) in mine or len(mine | {_backend(one)}) > 1:
        raise PoolerUnsuitable("transaction")
    run(other, statement("append/commit").as_bytes(None))


def _begin(other: psycopg.Connection, one: psycopg.Connection) -> None:
    try:
        run(other, statement("append/begin").as_bytes(None))
    except psycopg.Error as error:
        _backend(one)  # raises where it was no pooler that ended the other
        raise PoolerUnsuitable("statement") from error


def _open(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


def _backend(connection: psycopg.Connection) -> tuple[bytes | None, ...]:
    [row] = run(connection, statement("sessions/backend").as_bytes(None))
    return row.get_value(0, 0), row.get_value(0, 1)
