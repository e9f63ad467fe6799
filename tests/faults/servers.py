"""What can be done to a PostgreSQL that runs: kill it, kill a backend, start it again."""

import os
import signal
from pathlib import Path

import psycopg

from eventlog.embedded import EmbeddedServer
from tests.support.waiting import until


def socket_file(server: EmbeddedServer) -> Path:
    """Return the socket that the server listens on."""
    return server.postmaster.socket_dir / f".s.PGSQL.{server.postmaster.port}"


def crash(server: EmbeddedServer, number: signal.Signals = signal.SIGKILL) -> None:
    """End the postmaster: SIGKILL is a crash, SIGQUIT an immediate, SIGINT a fast shutdown."""
    pid = server.postmaster.pid
    os.kill(pid, number)
    until(lambda: not _runs(pid), deadline_seconds=30, message="the postmaster does not end")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_backend(dsn: str, name: str, number: signal.Signals = signal.SIGKILL) -> bool:
    """Signal the process of one session of an application name; False when there is none."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database() LIMIT 1",
            [name],
        ).fetchone()
    if row is None:
        return False
    os.kill(row[0], number)
    return True
