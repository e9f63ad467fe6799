"""Check the auditor: the role that asks in SQL can do nothing else, and PostgreSQL logs none of it."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.audit.limits import OVERRUNNING_MAX
from eventlog.audit.login import ROLE
from eventlog.audit.protection import reaching
from eventlog.audit.sessions import FIND_OVERRUNNING
from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning

# The most functions that are named; the others are counted.
NAMED = 3


class AuditorRole(msgspec.Struct, frozen=True):
    """The role that asks in SQL. `loose` would keep out of PostgreSQL's log what it asks."""

    name: str
    is_powerful: bool
    foreign_functions: list[str]
    loose: list[str]


def check_auditor(connection: Connection) -> Iterator[Finding]:
    """Say whether the auditor can do no more than read, and whether anybody else reads what it asked."""
    found = (
        connection.cursor(row_factory=class_row(AuditorRole)).execute(statement("doctor/auditor")).fetchone()
    )
    if found is None:
        mend = "run `eventlog migrate` as a role that may create roles, or set EVENTLOG_AUDIT_DSN"
        yield warning("auditor", f"there is no role {ROLE} to ask in SQL", mend)
        return
    yield _judge_rights(found, reaching(connection, found.name))
    yield _judge_log(found)
    yield check_overrunning(connection)


def check_elsewhere(audit_dsn: str) -> Finding:
    """Say whether questions that run over are where EVENTLOG_AUDIT_DSN leads."""
    try:
        with closing(connect(audit_dsn, "auditor", "doctor")) as connection:
            return check_overrunning(connection, "questions by EVENTLOG_AUDIT_DSN")
    except (EventlogError, psycopg.Error) as error:
        return failed("questions by EVENTLOG_AUDIT_DSN", str(error), "mend EVENTLOG_AUDIT_DSN, or unset it")


def check_overrunning(connection: Connection, name: str = "questions") -> Finding:
    """Say whether statements of auditors run over their time."""
    over = connection.execute(FIND_OVERRUNNING).fetchall()
    if not over:
        return ok(name, "none runs over its time")
    shown = ", ".join(f"session {pid} (to be over by {until})" for pid, until in over[:NAMED])
    return warning(
        name,
        f"{len(over)} of {OVERRUNNING_MAX} that may run over, in functions that PostgreSQL cannot interrupt: "
        + shown,
        "they hold up nobody, and end by themselves; else restart PostgreSQL, at once (pg_ctl -m immediate): "
        "nothing that was acknowledged is lost",
    )


def _judge_rights(found: AuditorRole, beyond: list[str]) -> Finding:
    if found.is_powerful:
        return failed(
            "auditor",
            f"{found.name} has powers, or is a member of another role: questions in SQL are refused",
            f"ALTER ROLE {found.name} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; "
            "REVOKE its memberships",
        )
    if beyond:
        return warning(
            "auditor",
            f"{found.name} may call {len(beyond)} functions that reach beyond its transaction: "
            + _some(beyond),
            "as a superuser, unless other programs use this database: `eventlog protect`",
        )
    if found.foreign_functions:
        return warning(
            "auditor",
            f"{found.name} may call functions that others have made and that can do more than it may itself: "
            + _some(found.foreign_functions),
            "; ".join(f"REVOKE EXECUTE ON ROUTINE {each} FROM PUBLIC" for each in found.foreign_functions),
        )
    return ok("auditor", f"{found.name} may read the audit views and nothing else")


def _judge_log(found: AuditorRole) -> Finding:
    if not found.loose:
        return ok("auditor's log", "what is asked in SQL is not in PostgreSQL's log")
    return warning(
        "auditor's log",
        "PostgreSQL's log has statements of auditors that fail, with the values in them",
        f"as a superuser: {'; '.join(found.loose)}",
    )


def _some(functions: Sequence[str]) -> str:
    more = f" and {len(functions) - NAMED} others" if len(functions) > NAMED else ""
    return ", ".join(functions[:NAMED]) + more
