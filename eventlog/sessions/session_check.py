"""How a session of ours begins: connected, looked at once, mended where a setting did not arrive.

The pins (eventlog/sessions/pinned_settings.py) travel in the startup packet, which costs nothing and reaches
every server that a balancing pooler has. What comes of them is looked at in one round trip, since nothing
tells otherwise:

- A pooler may refuse startup options (PgBouncer), or drop them where it was told to. Then the session would
  be the owner itself, with no limit and no search_path: the pins are set by statements, and looked at again.
- The environment of a process (PGDATESTYLE, PGTZ) goes before the options: the same.
- A pooler that hands a session from one backend to another, by transaction or by statement, takes settings,
  prepared statements, LISTEN and locks away from it and leaves them to somebody else. That is refused:
  eventlog/sessions/pooler.py.
"""

import re
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.pinned_settings import LOOKED_AT, Role, pins, session_dsn
from eventlog.sessions.pooler import require_whole_sessions
from eventlog.sessions.wire import run
from eventlog.statements import statement

T = TypeVar("T")

# libpq says in words alone why a connection failed. A wrong guess costs another attempt.
REFUSES_OPTIONS = re.compile(r"startup parameter|option", re.IGNORECASE)

WITHOUT_A_BACKEND = (
    "a pooler that has no backend left keeps its clients waiting so (PgBouncer: default_pool_size)"
)


# No session waits for ever for a server, or a proxy before it, that is connected and says nothing: a little
# longer than its statements may take. An owner's may take hours, but for those under these names.
SILENCE_SECONDS_MAX = {
    "appender": 25.0,
    "projector": 120.0,
    "reader": 40.0,
    "auditor": 90.0,
    **dict.fromkeys(("console", "doctor", "watch", "start", "cancel", "look"), 30.0),
}


class Session(psycopg.Connection[TupleRow]):
    """A session that has arrived. A pooler tells its clients another process id than the backend has."""

    backend_pid: int
    silence_seconds_max: float | None = None

    def wait(self, gen: PQGen[T], *timing: Any, **named: Any) -> T:
        """Wait as psycopg does, but give the session up, with OperationalError, after too long a silence."""
        if self.silence_seconds_max is not None:
            gen = self._given_up_after(self.silence_seconds_max, gen)
        return super().wait(gen, *timing, **named)

    def _given_up_after(self, seconds: float, gen: PQGen[T]) -> PQGen[T]:
        until = time.monotonic() + seconds
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                now = time.monotonic()
                if ready:
                    until = now + seconds
                elif now > until:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"the server has said nothing for {seconds:g} s")
                awaited = gen.send(ready)
        except StopIteration as end:
            return cast("T", end.value)

    @property
    def pooled(self) -> bool:
        """Whether a pooler is between the server and us."""
        return self.backend_pid != self.pgconn.backend_pid


class PinCheck(msgspec.Struct, frozen=True):
    """What one look found: the backend, and the pins that did not arrive."""

    backend_pid: int
    missing: list[str]


def open_session(dsn: str, role: Role, name: str) -> Session:
    """Open a session, in autocommit, with all that it relies on.

    Raises psycopg.Error, PoolerUnsuitable, and DatabaseUnavailable where a setting cannot be had.
    """
    session = _connected(dsn, role, name)
    try:
        found = _look(session, role)
        session.backend_pid = found.backend_pid
        if session.pooled:
            require_whole_sessions(dsn)
        if found.missing:
            run(session, setting(role, found.missing).as_bytes(session))
            require_all(_look(session, role))
        session.silence_seconds_max = SILENCE_SECONDS_MAX.get(name if role in ("owner", "login") else role)
    except BaseException:
        session.close()
        raise
    return session


def _connected(dsn: str, role: Role, name: str) -> Session:
    try:
        return Session.connect(session_dsn(dsn, role, name), autocommit=True)
    except psycopg.OperationalError as error:
        if not refuses_options(error):
            raise
        return Session.connect(session_dsn(dsn, role, name, options=False), autocommit=True)


def _look(session: Session, role: Role) -> PinCheck:
    try:
        [row] = run(session, looking(role))
    except psycopg.OperationalError as error:
        if error.sqlstate is None:
            unavailable = DatabaseUnavailable(f"{error}; {WITHOUT_A_BACKEND}")
            unavailable.names_server = True
            raise unavailable from error
        raise
    shown = [row.get_value(0, column) for column in range(row.nfields)]
    return look(role, [None if value is None else value.decode() for value in shown])


def refuses_options(error: psycopg.Error) -> bool:
    """Say whether a connection failed for its startup options."""
    return REFUSES_OPTIONS.search(str(error)) is not None


@cache
def looking(role: Role) -> bytes:
    """Return the statement that looks; it answers with one row, for look()."""
    shown = (statement("sessions/shown").format(name=name) for name in wanted(role))
    return statement("sessions/look").format(shown=sql.SQL(",").join(shown)).as_bytes(None)


def wanted(role: Role) -> dict[str, str]:
    """Return what a session must have."""
    return {**pins(role), **LOOKED_AT}


def look(role: Role, row: Sequence[str | int | None]) -> PinCheck:
    """Read what looking() was answered with. A setting that this version does not know is not missing."""
    pid, *values = row
    shown = zip(wanted(role).items(), values, strict=True)
    missing = [name for (name, value), has in shown if has is not None and _bare(str(has)) != _bare(value)]
    return PinCheck(int(pid or 0), missing)


def _bare(value: str) -> str:
    """Return a value without the spaces in which PostgreSQL differs from what it was given."""
    return value.replace(" ", "")


def setting(role: Role, missing: Sequence[str]) -> sql.Composed:
    """Return statements that pin what is missing."""
    wanted = {**LOOKED_AT, **pins(role)}
    pin = statement("sessions/pin")
    return sql.SQL(";").join(
        pin.format(
            name=sql.Identifier(name), values=sql.SQL(",").join(map(sql.Literal, wanted[name].split(",")))
        )
        for name in missing
    )


def require_all(found: PinCheck) -> None:
    """Raise DatabaseUnavailable where a pin is missing though it was set."""
    if found.missing:
        raise DatabaseUnavailable(
            f"PostgreSQL, or a pooler before it, does not take these settings: {', '.join(found.missing)}"
        )
