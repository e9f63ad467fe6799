"""Connections: who we are on each of them, how long anything may hang, what an error means."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from eventlog.errors import DatabaseUnavailable, DataDamaged, DiskFull, LogIncomplete, SchemaMismatch

Role = Literal["appender", "projector", "reader", "auditor", "owner"]
Connection = psycopg.Connection[TupleRow]

# A peer that vanished without a word is noticed within 10 + 3 × 5 s while we wait for it, and
# within 15 s while we send. Has no effect on unix sockets, whose peer cannot vanish silently.
LIVENESS = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# The server's side of the same: a session whose client vanished would keep its connection for two hours.
SERVER_LIVENESS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
}

# Session settings of each kind of work.
# Projected rows and their step are lost together and made again identically, so a projector
# need not wait for the disk. Our statements probe indexes, whatever the statistics of tables that grow
# all the time say, so a plan made once serves for ever (making one takes 0.5 ms a step). Steps of
# others may join a batch, of which PostgreSQL knows no size: they are planned each time (see
# sql/batch/settings.sql), and never by a nested loop over two batches (measured: 2 s for 5,000).
# A stopped client that idles in a transaction is cut off.
SESSION: dict[Role, dict[str, str]] = {
    "appender": {"role": "eventlog_appender", "idle_in_transaction_session_timeout": "15s"},
    "projector": {
        "role": "eventlog_projector",
        "synchronous_commit": "off",
        "plan_cache_mode": "force_generic_plan",
        "enable_nestloop": "off",
        "enable_seqscan": "off",
        "idle_in_transaction_session_timeout": "10s",
        "jit": "off",
    },
    "reader": {
        "role": "eventlog_reader",
        "default_transaction_read_only": "on",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",
    },
    "auditor": {},  # the role it logs in as has its own
    "owner": {},
}

# SQLSTATEs after which the same call may succeed: serialization failure, deadlock, lock not
# available, connection exceptions, out of resources, operator intervention, a session
# that was ended for idling, and a server that is read only, since another one took its place. None of
# them says anything about the content.
TRANSIENT = ("40001", "40P01", "55P03", "08", "53", "57", "25006", "25P03", "25P04", "XX000")

# A server goes on without the files it was started from, until a new session needs one.
FILES_GONE = "PostgreSQL's own files were replaced or removed while it runs: start it again"


def is_transient(error: psycopg.Error) -> bool:
    """Say whether the same call may succeed later. An error without SQLSTATE is a lost connection."""
    return error.sqlstate is None or error.sqlstate.startswith(TRANSIENT)


def session_dsn(dsn: str, role: Role, name: str) -> str:
    """Return dsn with the settings of a role's sessions; name is what pg_stat_activity shows."""
    given = conninfo_to_dict(dsn)
    settings = {"search_path": "eventlog,public", "timezone": "UTC", **SERVER_LIVENESS, **SESSION[role]}
    if given.get("target_session_attrs") == "read-write":
        # libpq would take a session that is read only by default for a server that is, and refuse it.
        # A reader's rights do without; an auditor's default is not ours to change.
        settings.pop("default_transaction_read_only", None)
        given["target_session_attrs"] = "primary" if role == "auditor" else "read-write"
    options = " ".join(f"-c {key}={value}" for key, value in settings.items())
    parameters: dict[str, Any] = {
        "connect_timeout": 5,
        **LIVENESS,
        **given,
        # Texts go to COPY as UTF-8; by another encoding of the client's, other text would be stored.
        "client_encoding": "UTF8",
        "options": f"{given.get('options') or ''} {options}".strip(),
        "application_name": f"eventlog {name}",
    }
    return make_conninfo(**parameters)


def connect(dsn: str, role: Role, name: str, **arguments: Any) -> Connection:
    """Open a session, in autocommit: transactions are begun where they are needed, by name.

    Raises DatabaseUnavailable when the server cannot be reached or does not take us in.
    """
    with translated_errors():
        return psycopg.connect(session_dsn(dsn, role, name), autocommit=True, **arguments)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn psycopg's errors into ours, by SQLSTATE; what is left is a bug and passes as it is."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> Exception:
    """Return our error for a database error, or the error itself when it is a bug of ours."""
    message = first_line(error)
    if error.sqlstate == "53100":
        return DiskFull(message)
    if error.sqlstate in ("XX001", "XX002"):
        return DataDamaged(f"{message}; see `eventlog doctor`")
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
