"""PostgreSQL's log has nothing of what auditors ask: no statement, no value, no error that repeats one."""

import threading

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.audit.errors import StatementFailed
from eventlog.embedded import EmbeddedServer
from eventlog.errors import EventlogError
from tests.eventlog.audit.conftest import Asking
from tests.support.sessions import scalar
from tests.support.waiting import until

SECRET = "4111-1111-1111-1111"

FAILING = (
    "SELECT '4111-1111-1111-1111'::int",
    "SELECT nothing, '4111-1111-1111-1111'",
    "SELECT '4111-1111-1111-1111', 1 / 0",
    "SELEC '4111-1111-1111-1111'",
    "SET application_name = '4111-1111-1111-1111'",
)


def log_of(server: EmbeddedServer) -> str:
    return server.directory.log.read_text(encoding="utf-8", errors="replace")


def test_nothing_that_fails_is_in_it(server: EmbeddedServer, asking: Asking) -> None:
    for statement in FAILING:
        with pytest.raises(StatementFailed):
            asking(statement)
    with pytest.raises(StatementFailed):
        asking("SELECT $1::int", [SECRET])
    with pytest.raises(StatementFailed):
        asking(
            f"SELECT count(*), '{SECRET}' FROM pg_class a, pg_class b, pg_class c, pg_class d", seconds=0.2
        )
    assert SECRET not in log_of(server)


def test_nothing_that_is_ended_is_in_it(
    server: EmbeddedServer, asking: Asking, connection: psycopg.Connection[TupleRow]
) -> None:
    ended: list[EventlogError] = []

    def ask() -> None:
        with pytest.raises(EventlogError) as failed:
            asking(f"SELECT count(*), '{SECRET}' FROM pg_class a, pg_class b, pg_class c, pg_class d")
        ended.append(failed.value)

    asker = threading.Thread(target=ask)
    asker.start()
    until(
        lambda: scalar(
            connection,
            "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'eventlog_auditor' AND state = 'active'",
        ),
        message="it never ran",
    )
    asker.join(30)
    assert ended
    assert SECRET not in log_of(server)


def test_nothing_is_in_it_where_the_server_logs_all_statements(
    server: EmbeddedServer, superuser_dsn: str, asking: Asking
) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "debug_print_plan = on"):
            database = Identifier(superuser.info.dbname)
            superuser.execute(SQL("ALTER DATABASE {} SET ").format(database) + SQL(setting))
    asking(f"SELECT '{SECRET}'")
    found = [line for line in log_of(server).split("\n") if SECRET in line]
    # The record of it is the owner's, and a server that logs all statements is asked to log that one.
    assert [
        line
        for line in found
        if "INSERT INTO eventlog.console_statements" not in line and "DETAIL" not in line
    ] == []
