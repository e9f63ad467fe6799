"""The log can be added to by one role and changed by nobody, its owner and the superuser included."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.sessions.database import connect
from eventlog.sessions.pinned_settings import Role
from tests.support.deliveries import append_events, event
from tests.support.one_database import database_name as database_name
from tests.support.postgres import at_database
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


CHANGES = {
    "UPDATE": "UPDATE {} SET raw = NULL",
    "UPDATE of nothing": "UPDATE {} SET raw = NULL WHERE false",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
    "upsert": "INSERT INTO {} (partition, position, topic, event_id) VALUES (0, 1, 'a', 'a')"
    " ON CONFLICT (partition, position) DO UPDATE SET raw = NULL",
    "MERGE": "MERGE INTO {} AS log USING (SELECT 1) AS one ON log.partition = 0 WHEN MATCHED THEN DELETE",
}
TABLES = ["eventlog.inbox", "eventlog.inbox_0"]
ROLES: list[Role] = ["appender", "projector", "reader"]


@pytest.fixture(scope="module", autouse=True)
def some_deliveries(server: EmbeddedServer, database_name: str) -> None:
    append_events(at_database(server.dsn, database_name), [event(f"topic.{n}") for n in range(8)])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_is_refused_by_a_trigger(connection: Connection, table: str, change: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="the log is append-only"):
        connection.execute(CHANGES[change].format(table).encode())


@pytest.mark.parametrize("table", TABLES)
def test_the_superuser_is_refused_too(superuser_dsn: str, table: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        for change in CHANGES.values():
            with pytest.raises(psycopg.errors.RestrictViolation):
                superuser.execute(change.format(table).encode())


@pytest.mark.parametrize("table", TABLES)
def test_a_session_of_a_replication_tool_is_refused_too(superuser_dsn: str, table: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for change in CHANGES.values():
            with pytest.raises(psycopg.errors.RestrictViolation):
                superuser.execute(change.format(table).encode())


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_refused_by_its_rights(database: str, role: Role) -> None:
    with connect(database, role, "test") as session:
        if role == "reader":
            session.execute("SET default_transaction_read_only = off")
        for table in TABLES:
            for change in CHANGES.values():
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(change.format(table).encode())


@pytest.mark.parametrize("role", ["projector", "reader"])
def test_only_the_appender_may_insert(database: str, role: Role) -> None:
    with connect(database, role, "test") as session:
        session.execute("SET default_transaction_read_only = off")
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"INSERT INTO {table} (partition, position) VALUES (0, 99)".encode())


def test_the_appender_cannot_forge_the_time_of_receipt(database: str) -> None:
    with (
        connect(database, "appender", "test") as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(
            "INSERT INTO inbox (partition, position, topic, event_id, received_at)"
            " VALUES (0, 99, 'a', 'a', '1999-01-01Z')"
        )


def test_the_appender_cannot_go_round_the_log_by_one_of_its_partitions(database: str) -> None:
    with (
        connect(database, "appender", "test") as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute("INSERT INTO inbox_0 (partition, position, topic, event_id) VALUES (0, 99, 'a', 'a')")


def test_no_position_is_taken_twice(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "INSERT INTO inbox (partition, position, topic, event_id)"
            " SELECT partition, position, topic, event_id FROM inbox"
        )


def test_every_table_of_the_log_has_the_trigger(connection: Connection) -> None:
    without = scalar(
        connection,
        "SELECT array_agg(relid::text) FROM pg_partition_tree('inbox') WHERE relid NOT IN"
        " (SELECT tgrelid FROM pg_trigger WHERE tgname = 'log_is_append_only' AND tgenabled = 'A')",
    )
    assert without is None
