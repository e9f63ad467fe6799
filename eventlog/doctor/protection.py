"""Whether the schema is this code's, and the log protected from everybody: grants and triggers."""

from collections.abc import Iterator

import msgspec
from psycopg.rows import class_row

from eventlog.audit.protection import PRIVILEGES
from eventlog.database import Connection
from eventlog.doctor.finding import Finding, failed, ok, warning
from eventlog.errors import SchemaMismatch
from eventlog.migrate import schema_state
from eventlog.statements import statement

# As sql/grants.sql leaves it: not received_at, whose default is the one clock of the log.
INSERTED_COLUMNS = (
    "content_hash",
    "event_id",
    "format",
    "headers",
    "partition",
    "position",
    "publisher",
    "raw",
    "request_id",
    "source",
    "timestamp",
    "topic",
)
MIGRATE = "run `eventlog migrate`"


class Role(msgspec.Struct, frozen=True):
    """One of our three roles, or the one that logs in."""

    name: str
    is_superuser: bool
    is_ours: bool


class AuditorRole(msgspec.Struct, frozen=True):
    """The role that asks in SQL."""

    is_powerful: bool
    reaches_beyond: bool


class Privilege(msgspec.Struct, frozen=True):
    """What somebody may do with one of the log's tables; no columns means the whole table."""

    table_name: str
    grantee: str
    privilege: str
    columns: list[str]

    def __str__(self) -> str:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.grantee}: {self.privilege}{columns} on {self.table_name}"


REQUIRED = (
    Privilege("inbox", "eventlog_appender", "INSERT", list(INSERTED_COLUMNS)),
    Privilege("inbox", "eventlog_projector", "SELECT", []),
    Privilege("inbox", "eventlog_reader", "SELECT", []),
)


def check_schema(connection: Connection) -> Finding:
    """Say whether this code's schema is there."""
    try:
        state = schema_state(connection)
    except SchemaMismatch as error:
        found, _, mend = str(error).rpartition(": ")
        return failed("schema", found, mend)
    return ok("schema", f"version {state.schema_version}, {state.partitions} partitions")


def check_roles(connection: Connection) -> Iterator[Finding]:
    """Say whether somebody of ours may do everything: no rule of the log would bind a superuser."""
    roles = (
        connection.cursor(row_factory=class_row(Role))
        .execute(statement("doctor/roles"), prepare=False)
        .fetchall()
    )
    powerful = [role.name for role in roles if role.is_superuser and not role.is_ours]
    if powerful:
        mend = "; ".join(f"ALTER ROLE {name} NOSUPERUSER" for name in powerful)
        yield failed("roles", f"superuser: {', '.join(powerful)}", mend)
    else:
        yield ok("roles", "appender, projector and reader are no superusers")
    for role in roles:
        if role.is_ours and role.is_superuser:
            yield warning(
                "login",
                f"{role.name} is a superuser, whom no grant binds",
                "let eventlog log in as a role that owns the schema eventlog and is none",
            )
        elif role.is_ours:
            yield ok("login", f"{role.name} is no superuser")


def check_auditor(connection: Connection) -> Finding:
    """Say whether who asks in SQL can do no more than that."""
    found = (
        connection.cursor(row_factory=class_row(AuditorRole)).execute(statement("doctor/auditor")).fetchone()
    )
    if found is None:
        mend = "run `eventlog migrate` as a role that may create roles, or set EVENTLOG_AUDIT_DSN"
        return warning("auditor", "there is no role eventlog_auditor to ask in SQL", mend)
    if found.is_powerful:
        return failed(
            "auditor",
            "eventlog_auditor has powers, or is a member of another role: questions in SQL are refused",
            "ALTER ROLE eventlog_auditor NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; "
            "REVOKE its memberships",
        )
    if found.reaches_beyond:
        return warning(
            "auditor",
            "eventlog_auditor may call what reaches beyond its transaction, as everybody may: "
            "advisory locks, WAL messages",
            f"as a superuser, unless other programs use this database: psql -f {PRIVILEGES}",
        )
    return ok("auditor", "eventlog_auditor may read the audit views and nothing else")


def check_privileges(connection: Connection) -> Finding:
    """Say whether exactly one role may add to the log, and nobody may change it."""
    held = (
        connection.cursor(row_factory=class_row(Privilege)).execute(statement("doctor/privileges")).fetchall()
    )
    missing = [str(privilege) for privilege in REQUIRED if privilege not in held]
    if missing:
        return failed("inbox privileges", f"missing: {'; '.join(missing)}", MIGRATE)
    excess = [item for item in held if item.privilege != "SELECT" and item not in REQUIRED]
    if excess:
        mend = "; ".join(
            f"REVOKE {item.privilege} ON eventlog.{item.table_name} FROM {item.grantee}" for item in excess
        )
        return failed("inbox privileges", f"too much: {'; '.join(map(str, excess))}", mend)
    readers = sorted({item.grantee for item in held if item.privilege == "SELECT"})
    return ok("inbox privileges", f"added to by eventlog_appender alone; read by {', '.join(readers)}")


def check_triggers(connection: Connection) -> Finding:
    """Say whether every table of the log refuses UPDATE, DELETE and TRUNCATE, its owner's too."""
    tables = [row[0] for row in connection.execute(statement("doctor/unprotected"))]
    if not tables:
        return ok("append-only", "UPDATE, DELETE and TRUNCATE are refused on every table of the log")
    mend = "; ".join(
        f"ALTER TABLE eventlog.{table} ENABLE ALWAYS TRIGGER log_is_append_only" for table in tables
    )
    return failed(
        "append-only", f"changes are possible on {', '.join(tables)}", f"find out who did it; {mend}"
    )
