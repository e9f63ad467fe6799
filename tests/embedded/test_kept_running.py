"""A database that we have started is started again when it crashes, and left alone when it is stopped."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psycopg

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.directory import DataDirectory
from eventlog.opening import opened_database
from eventlog.settings import load_settings
from tests.embedded.service import running_up
from tests.support.processes import is_alive
from tests.support.waiting import until


def _answers(dsn: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(dsn) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)
    return False


def _pid(data_dir: Path) -> int:
    postmaster = DataDirectory(data_dir).postmaster()
    assert postmaster is not None
    return postmaster.pid


def test_a_postmaster_that_is_killed_is_started_again_at_the_same_address(
    data_dir: Path, bindir: Path | None
) -> None:
    said: list[str] = []
    with opened_database(load_settings(data_dir=data_dir, pg_bindir=bindir), said.append) as dsn:
        for _ in range(2):
            killed = _pid(data_dir)
            os.kill(killed, signal.SIGKILL)
            # It answers before whoever started it sees that; killed in between, it ended while it started.
            until(lambda: "PostgreSQL runs again" in said, deadline_seconds=60)
            assert _answers(dsn)
            assert _pid(data_dir) != killed
            assert "PostgreSQL has ended unexpectedly: starting it again" in said
            said.clear()
    assert DataDirectory(data_dir).postmaster() is None


def test_a_server_that_is_stopped_cleanly_has_not_crashed(data_dir: Path, bindir: Path | None) -> None:
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        assert not server.has_crashed
        stopped = server.pid
        os.kill(stopped, signal.SIGINT)
        until(lambda: not is_alive(stopped), deadline_seconds=60)
        assert not server.has_crashed


def test_a_service_whose_log_takes_nothing_starts_its_database_again(
    data_dir: Path, bindir: Path | None
) -> None:
    with Path("/dev/full").open("wb") as full, running_up(data_dir, bindir, said=full) as up:
        killed = up.postmaster
        os.kill(killed, signal.SIGKILL)
        until(lambda: up.postmaster not in (0, killed), deadline_seconds=60)
        until(lambda: up.publish("after") == 202, deadline_seconds=60)
        up.await_ready()
