"""What can be done to a PostgreSQL that runs: kill it, kill a backend, start it again."""

import os
import signal
from pathlib import Path

import psycopg

from eventlog.embedded import EmbeddedServer
from tests.support.processes import is_alive
from tests.support.waiting import until


def socket_file(server: EmbeddedServer) -> Path:
    """Return the socket that the server listens on."""
    return server.postmaster.socket_dir / f".s.PGSQL.{server.postmaster.port}"


def crash(server: EmbeddedServer, number: signal.Signals = signal.SIGKILL) -> None:
    """End the postmaster: SIGKILL is a crash, SIGQUIT an immediate, SIGINT a fast shutdown."""
    pid = server.postmaster.pid
    os.kill(pid, number)
    until(lambda: not is_alive(pid), deadline_seconds=30, message="the postmaster does not end")


def kill_backend(dsn: str, name: str) -> bool:
    """Kill the process of one session of an application name; False when there is none.

    At the end the postmaster knows, and ends all others: who connects now waits for its recovery.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database() LIMIT 1",
            [name],
        ).fetchone()
    if row is None:
        return False
    os.kill(row[0], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{row[0]}").exists(), message="the postmaster does not notice")
    return True


def accepts(dsn: str) -> bool:
    """Say whether a session can be opened."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
