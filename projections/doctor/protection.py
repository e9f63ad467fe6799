"""Whether the log is protected from everybody: grants and triggers."""

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok

# Columns that sql/grants.sql lets the appender write: not received_at, whose default is the log's one clock.
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
    tables = [name for (name,) in connection.execute(statement("doctor/unprotected"))]
    if not tables:
        return ok("append-only", "UPDATE, DELETE and TRUNCATE are refused on every table of the log")
    mend = "; ".join(
        f"ALTER TABLE eventlog.{table} ENABLE ALWAYS TRIGGER log_is_append_only" for table in tables
    )
    return failed(
        "append-only", f"changes are possible on {', '.join(tables)}", f"find out who did it; {mend}"
    )
