"""Who asks may be killed or stopped: its session ends, and its turn is free for others."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from tests.eventlog.audit.conftest import Asking
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

ENDLESS = "SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) AS n"
OF_AUDITORS = " FROM pg_stat_activity WHERE datname = current_database() AND usename = 'eventlog_auditor'"
# Less than the server's own interval, by which it looks for clients that are gone, and any time limit.
SOON_SECONDS = 8.0


@contextmanager
def asker(database: str, connection: Connection, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Ask by the command line, and wait until the statement runs."""
    command = [sys.executable, "-m", "eventlog", "sql", ENDLESS, "--seconds", str(seconds)]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "EVENTLOG_DSN": database},
    ) as process:
        try:
            running = f"SELECT count(*) > 0{OF_AUDITORS} AND state = 'active' AND query = '{ENDLESS}'"
            until(lambda: scalar(connection, running), message="it never ran")
            yield process
        finally:
            process.kill()


def test_one_that_is_killed_is_noticed_while_its_statement_runs(
    database: str, connection: Connection
) -> None:
    with asker(database, connection, 60) as process:
        process.kill()
        until(
            lambda: scalar(connection, f"SELECT count(*) = 0{OF_AUDITORS}"),
            deadline_seconds=SOON_SECONDS,
            message="its session is still there",
        )


def test_one_that_is_stopped_keeps_no_session(database: str, connection: Connection, asking: Asking) -> None:
    with asker(database, connection, 1) as process:
        os.kill(process.pid, signal.SIGSTOP)
        until(
            lambda: scalar(connection, f"SELECT count(*) = 0{OF_AUDITORS}"),
            message="its session is still there",
        )
        assert asking("SELECT 1").rows == [["1"]]


def test_a_session_has_its_name_and_its_limits_from_the_start(asking: Asking) -> None:
    shown = asking(
        "SELECT name, setting, source FROM pg_settings WHERE name IN"
        " ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'client_connection_check_interval')"
    )
    assert {tuple(row) for row in shown.rows} == {
        ("idle_session_timeout", "10000", "client"),
        ("idle_in_transaction_session_timeout", "5000", "client"),
        ("client_connection_check_interval", "1000", "client"),
    }
    assert str(asking("SHOW application_name").rows[0][0]).startswith("eventlog audit until 2")
