"""What replication leaves behind, or does to a log: sequences that are behind, sessions without rules."""

import msgspec
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from eventlog.database import Connection
from eventlog.doctor.finding import Finding, failed, ok
from eventlog.statements import statement

SEQUENCES = "sequences"
RULES = "session rules"


class Rules(msgspec.Struct, frozen=True):
    """session_replication_role, and what set it: "database", "user", "configuration file" …."""

    value: str
    source: str


def check_sequences(connection: Connection) -> Finding:
    """Name the sequences whose next number is taken: whatever inserts there fails."""
    behind = [str(row[0]) for row in connection.execute(statement("doctor/sequences"))]
    if not behind:
        return ok(SEQUENCES, "none is behind its table")
    return failed(
        SEQUENCES,
        f"behind their tables, as logical replication leaves them: {', '.join(behind)}",
        "run `eventlog migrate`, which sets them on",
    )


def check_rules(connection: Connection) -> Finding:
    """Say whether foreign keys and triggers hold in our sessions; the log's own guards hold in any case."""
    rules = connection.cursor(row_factory=class_row(Rules)).execute(statement("doctor/replication_role"))
    found = rules.fetchone()
    if found is None or found.value == "origin":
        return ok(RULES, "foreign keys and triggers hold")
    return failed(
        RULES,
        f"session_replication_role is {found.value} by the {found.source}: neither foreign keys nor the "
        "triggers of others hold",
        f"as a superuser: {_reset(connection, found.source)}; then start eventlog anew",
    )


def _reset(connection: Connection, source: str) -> str:
    who, where = Identifier(connection.info.user), Identifier(connection.info.dbname)
    ways = {
        "database": SQL("ALTER DATABASE {where} RESET session_replication_role"),
        "user": SQL("ALTER ROLE {who} RESET session_replication_role"),
        "database user": SQL("ALTER ROLE {who} IN DATABASE {where} RESET session_replication_role"),
    }
    way = ways.get(source, SQL("ALTER SYSTEM RESET session_replication_role; SELECT pg_reload_conf()"))
    return way.format(who=who, where=where).as_string(connection)
