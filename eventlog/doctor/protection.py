"""Whether the log is protected from everybody: grants and triggers."""

import msgspec
from psycopg.rows import class_row

from eventlog.audit.protection import PRIVILEGES
from eventlog.database import Connection
from eventlog.doctor.finding import Finding, failed, ok, warning
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
