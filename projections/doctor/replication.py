"""What replication and fail-over leave behind in a log, or do to it.

That is sequences that are behind, sessions without rules, a server that is read only.
"""

from typing import LiteralString

import msgspec
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning

SEQUENCES = "sequences"
RULES = "session rules"
WRITABLE = "read only"
SUBSCRIPTIONS = "subscriptions"


class GivenSetting(msgspec.Struct, frozen=True):
    """What a session is given at its start, and what set it: "database", "user", "configuration file" …."""

    value: str
    source: str


class Subscription(msgspec.Struct, frozen=True):
    """One that is on, and the tables of ours that it writes to."""

    name: str
    tables: list[str]


def check_sequences(connection: Connection) -> Finding:
    """Name the sequences whose next number is taken: whatever inserts there fails."""
    behind = [str(name) for (name,) in connection.execute(statement("doctor/sequences"))]
    if not behind:
        return ok(SEQUENCES, "none is behind its table")
    return failed(
        SEQUENCES,
        f"behind their tables, as logical replication leaves them: {', '.join(behind)}",
        "run `eventlog migrate`, which sets them on",
    )


def check_subscriptions(connection: Connection) -> Finding:
    """Name the subscriptions that write to our tables: while there are any, nobody else writes there."""
    cursor = connection.cursor(row_factory=class_row(Subscription))
    writing = cursor.execute(statement("doctor/subscriptions")).fetchall()
    if not writing:
        return ok(SUBSCRIPTIONS, "none writes to this log")
    return warning(
        SUBSCRIPTIONS,
        "; ".join(f"{each.name} writes to {', '.join(each.tables)}" for each in writing),
        "this log is a copy, and publishes are answered 503; to take over here: "
        + "".join(f"ALTER SUBSCRIPTION {each.name} DISABLE; " for each in writing)
        + "then `eventlog migrate`",
    )


def check_rules(connection: Connection) -> Finding:
    """Say whether foreign keys and triggers hold in our sessions; the log's own guards hold in any case."""
    found = _setting(connection, "session_replication_role")
    if found is None or found.value == "origin":
        return ok(RULES, "foreign keys and triggers hold")
    return failed(
        RULES,
        f"session_replication_role is {found.value} by the {found.source}: neither foreign keys nor the "
        "triggers of others hold",
        f"as a superuser: {_reset(connection, 'session_replication_role', found.source)}; "
        "then start eventlog anew",
    )


def check_writable(connection: Connection) -> Finding:
    """Say whether somebody keeps us from writing, as is done with a primary that another one has replaced."""
    found = _setting(connection, "default_transaction_read_only")
    if found is None or found.value == "off":
        return ok(WRITABLE, "transactions may write")
    return failed(
        WRITABLE,
        f"default_transaction_read_only is on by the {found.source}: nothing is appended or projected",
        "unless another server has taken its place: "
        f"{_reset(connection, 'default_transaction_read_only', found.source)}",
    )


def _setting(connection: Connection, name: str) -> GivenSetting | None:
    cursor = connection.cursor(row_factory=class_row(GivenSetting))
    return cursor.execute(statement("doctor/given_setting"), {"name": name}).fetchone()


def _reset(connection: Connection, setting: LiteralString, source: str) -> str:
    """Return what takes a setting back where it was made."""
    ways = {
        "database": "ALTER DATABASE {where} RESET {what}",
        "user": "ALTER ROLE {who} RESET {what}",
        "database user": "ALTER ROLE {who} IN DATABASE {where} RESET {what}",
        "global": "ALTER ROLE ALL RESET {what}",
    }
    way = SQL(ways.get(source, "ALTER SYSTEM RESET {what}; SELECT pg_reload_conf()"))
    return way.format(
        who=Identifier(connection.info.user),
        where=Identifier(connection.info.dbname),
        what=SQL(setting),
    ).as_string(connection)
