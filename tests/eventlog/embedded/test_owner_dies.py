"""Processes are killed at the worst moment; the next start finds everything in order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, shutdown_watch
from eventlog.embedded.errors import EmbeddedServerError
from tests.eventlog.embedded.conftest import StartOwner
from tests.support.processes import is_alive
from tests.support.waiting import until


def log_of(data_dir: Path) -> str:
    path = data_dir / "postgres.log"
    return path.read_text() if path.exists() else ""


def test_a_killed_owner_takes_postgres_down_cleanly(data_dir: Path, start_owner: StartOwner) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    owner.kill()
    until(lambda: not is_alive(owner.pid), message="PostgreSQL outlived its owner")
    assert "database system is shut down" in log_of(data_dir)


def test_a_start_waits_for_a_server_whose_owner_was_killed(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    first = start_owner(data_dir).wait_until_ready()
    os.kill(first.pid, signal.SIGSTOP)  # it will not get round to its shutdown
    first.kill()
    said: list[str] = []

    def resume(message: str) -> None:
        said.append(message)
        os.kill(first.pid, signal.SIGCONT)

    server = EmbeddedServer(data_dir, bindir=bindir)
    try:
        server.start(resume)
        assert (server.attached, "waiting" in said[0]) == (False, True)
        assert not is_alive(first.pid)
    finally:
        server.stop()
    assert "not properly shut down" not in log_of(data_dir)


def test_a_start_does_not_wait_for_a_session_that_never_ends(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutdown_watch, "SESSION_SECONDS_MAX", 1.0)
    owner = start_owner(data_dir).wait_until_ready()
    said: list[str] = []
    with psycopg.connect(owner.dsn, autocommit=True) as session:
        session.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(session.info.backend_pid, signal.SIGSTOP)
        owner.kill()
        server = EmbeddedServer(data_dir, bindir=bindir)
        try:
            server.start(said.append)
            with psycopg.connect(server.dsn) as connection:
                assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        finally:
            server.stop()
    assert not is_alive(owner.pid)
    assert any("ended at once" in line for line in said)


def test_a_start_after_everything_was_killed_recovers_what_was_committed(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    with psycopg.connect(owner.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(owner.pid, signal.SIGKILL)
    owner.kill()
    assert (data_dir / "cluster" / "postmaster.pid").exists()
    with EmbeddedServer(data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    assert "not properly shut down" in log_of(data_dir)


def test_a_pid_file_whose_number_belongs_to_somebody_else_by_now_is_no_hindrance(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    os.kill(owner.pid, signal.SIGKILL)
    owner.kill()
    pid_file = data_dir / "cluster" / "postmaster.pid"
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as stranger:
        pid_file.write_text(pid_file.read_text().replace(str(owner.pid), str(stranger.pid), 1))
        with EmbeddedServer(data_dir, bindir=bindir) as server:
            assert is_alive(server.pid)
        assert is_alive(stranger.pid)


def test_start_again_replaces_a_postmaster_that_was_killed(data_dir: Path, bindir: Path | None) -> None:
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: not is_alive(killed))
        server.start()
        assert server.pid != killed
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "moment", ["cluster.new", "cluster.new/base", "cluster.new/base/4", "cluster.new/base/5"]
)
def test_a_start_after_a_kill_during_the_first_one_begins_anew(
    empty_data_dir: Path, start_owner: StartOwner, bindir: Path | None, moment: str
) -> None:
    owner = start_owner(empty_data_dir)
    until((empty_data_dir / moment).exists, message=f"{moment} never came")
    owner.kill()
    assert not (empty_data_dir / "cluster").exists()
    with EmbeddedServer(empty_data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (empty_data_dir / "cluster.new").exists()


def test_a_server_that_somebody_else_runs_there_is_not_fought(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    (data_dir / "lock").unlink()  # as if the server had been started by hand, without our lock
    with (
        psycopg.connect(owner.dsn),
        pytest.raises(EmbeddedServerError, match=f"process {owner.pid} already runs"),
    ):
        EmbeddedServer(data_dir, bindir=bindir).start()
    assert is_alive(owner.pid)
