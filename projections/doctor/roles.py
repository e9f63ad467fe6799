"""Whether the schema is this code's and whole, and our roles can do their work in it."""

from collections.abc import Iterator

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.errors import SchemaMismatch
from eventlog.schema.completeness import Unreachable
from eventlog.schema.migrate import needed_rights, schema_state, statements_of
from eventlog.sessions.database import Connection, first_line
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning

MIGRATE = "run `eventlog migrate`"


class Role(msgspec.Struct, frozen=True):
    """One of our three roles, or the one that logs in, and whether that one may take it on."""

    name: str
    exists: bool
    is_superuser: bool
    is_ours: bool
    can_be_taken: bool


def check_schema(connection: Connection) -> Finding:
    """Say whether this code's schema is there."""
    try:
        state = schema_state(connection)
    except SchemaMismatch as error:
        found, _, mend = str(error).rpartition(": ")
        return failed("schema", found, mend)
    except psycopg.errors.InsufficientPrivilege as error:
        return failed(
            "schema",
            f"{connection.info.user} may not read it: {first_line(error)}",
            "log in as the role that the schema eventlog belongs to, or have a superuser hand it over to "
            "yours (docs/operating.md)",
        )
    return ok("schema", f"version {state.schema_version}, {state.partitions} partitions")


def check_roles(connection: Connection) -> Iterator[Finding]:
    """Say whether our roles are there and ours to take on, and none may do everything, as superusers may."""
    roles = (
        connection.cursor(row_factory=class_row(Role))
        .execute(statement("doctor/roles"), prepare=False)
        .fetchall()
    )
    yield _judge_ours(roles, connection)
    (login,) = (role for role in roles if role.is_ours)
    if login.is_superuser:
        yield warning(
            "login",
            f"{login.name} is a superuser, whom no grant binds",
            "let eventlog log in as a role that owns the schema eventlog and is none",
        )
    else:
        yield ok("login", f"{login.name} is no superuser")
    yield from _judge_services(connection)


def _judge_services(connection: Connection) -> Iterator[Finding]:
    """Find API and workers that run with more rights than they need, where there are logins for them."""
    powerful = [str(name) for (name,) in connection.execute(statement("doctor/too_powerful"))]
    if powerful:
        yield warning(
            "logins",
            f"API or workers run as {', '.join(powerful)}, who may change everything",
            "let EVENTLOG_DSN be the login that `eventlog migrate --roles` made for each (docs/operating.md)",
        )


def _judge_ours(roles: list[Role], connection: Connection) -> Finding:
    faults = {
        "missing": [role.name for role in roles if not role.exists],
        "not to be taken on by our login": [
            role.name for role in roles if role.exists and not role.can_be_taken
        ],
    }
    found = "; ".join(f"{fault}: {', '.join(names)}" for fault, names in faults.items() if names)
    if found:
        needed = statements_of(needed_rights(connection))
        return failed("roles", found, f"as an administrator: {needed} Then {MIGRATE}" if needed else MIGRATE)
    powerful = [role.name for role in roles if role.is_superuser and not role.is_ours]
    if powerful:
        mend = "; ".join(f"ALTER ROLE {name} NOSUPERUSER" for name in powerful)
        return failed("roles", f"superuser: {', '.join(powerful)}", mend)
    return ok("roles", "appender, projector and reader are no superusers")


def check_versions(connection: Connection) -> Finding:
    """Say whether workers and readers can work with each version of the projections."""
    versions = (
        connection.cursor(row_factory=class_row(Unreachable))
        .execute(statement("projections/unreachable"))
        .fetchall()
    )
    gone = [each for each in versions if not each.has_schema and each.is_live]
    if gone:
        names = ", ".join(each.projection for each in gone)
        mend = "; ".join(f"`eventlog rebuild {each.projection}`" for each in gone)
        return failed("projection tables", f"there are none of: {names}", mend)
    closed = [f"no rights on {each.schema_name}" for each in versions if each.has_schema]
    closed += [
        f"partitions of {name} that no worker can claim"
        for (name,) in connection.execute(statement("projections/unclaimed"))
    ]
    if closed:
        return failed("projection tables", "; ".join(closed), MIGRATE)
    return ok("projection tables", "workers and readers may use them")
