"""Who reaches the server: whoever runs it, and root; by a folder that nobody else can take."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.embedded.account import account_for
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.sockets import make_socket_dir
from tests.eventlog.embedded.conftest import unprivileged
from tests.support.processes import is_alive
from tests.support.root import ROOT
from tests.support.waiting import until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
LONG = "/".join(["a-rather-long-name-for-a-folder"] * 6)


def test_nobody_is_let_in_by_trust(server: EmbeddedServer) -> None:
    with psycopg.connect(server.superuser_dsn) as connection:
        rules = connection.execute("SELECT type, auth_method, error FROM pg_hba_file_rules").fetchall()
        broken = connection.execute("SELECT error FROM pg_ident_file_mappings WHERE error IS NOT NULL")
        assert broken.fetchall() == []
    assert {rule for rule in rules if rule[0] == "local"} <= {
        ("local", "peer", None),
        ("local", "scram-sha-256", None),  # people's own roles, before PostgreSQL 16
    }
    assert {rule[1:] for rule in rules if rule[0] == "host"} == {("scram-sha-256", None)}


@needs_root
def test_another_user_who_gets_at_the_socket_is_not_let_in(data_dir: Path, bindir: Path | None) -> None:
    user = unprivileged()
    if account_for(DataDirectory(data_dir).cluster).uid == user.pw_uid:
        pytest.skip("the server runs as nobody here")
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        folder = server.postmaster.socket_dir
        folder.chmod(0o755)  # as if it had not been closed
        (folder / ".s.PGSQL.5432").chmod(0o777)
        for role in ("postgres", "eventlog"):
            tried = subprocess.run(
                [
                    find_binaries(bindir) / "psql",
                    f"host={folder} user={role} dbname=eventlog",
                    "-c",
                    "SELECT 1",
                ],
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                text=True,
            )
            assert (tried.returncode, "authentication failed" in tried.stderr) == (2, True)


@needs_root
@pytest.mark.parametrize("taken_by", ["a link", "a file", "another user's folder"])
def test_a_folder_that_is_taken_is_left_alone(data_dir: Path, bindir: Path | None, taken_by: str) -> None:
    place, elsewhere = data_dir / "socket", data_dir / "elsewhere"
    elsewhere.mkdir()
    if taken_by == "a link":
        place.symlink_to(elsewhere)
    elif taken_by == "a file":
        place.touch()
    else:
        elsewhere.rename(place)
        os.chown(place, 12345, 12345)
    before = place.lstat()
    with EmbeddedServer(data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.postmaster.socket_dir.parent == Path("/run")
        assert server.postmaster.socket_dir.stat().st_mode & 0o777 == 0o700
    after = place.lstat()
    assert (after.st_uid, after.st_mode, after.st_ino) == (before.st_uid, before.st_mode, before.st_ino)
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


def test_what_a_killed_server_left_in_its_folder_is_no_hindrance(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    account = account_for(directory.cluster)
    first = make_socket_dir(directory, account)
    (first / ".s.PGSQL.5432.lock").touch()
    assert make_socket_dir(directory, account) == first == data_dir / "socket"
    assert list(first.iterdir()) == []
    assert (first.stat().st_uid, first.stat().st_mode & 0o777) == (account.uid, 0o700)


@contextmanager
def with_folders_of_its_own(data_dir: Path, bindir: Path | None, *private: str) -> Iterator[int]:
    """Run an owner that has these folders for itself, as of systemd; yield the postmaster's number."""
    mounts = " && ".join(f"mount -t tmpfs tmpfs {folder}" for folder in private)
    command = [
        sys.executable,
        "-m",
        "tests.eventlog.embedded.owner",
        str(data_dir),
        *([str(bindir)] if bindir else []),
    ]
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if not process.stdout.readline():
            pytest.skip(f"no mounts of one's own here: {process.stderr.read()[-200:]}")
        found = DataDirectory(data_dir).postmaster()
        assert found is not None
        yield found.pid
        process.stdin.close()
    until(lambda: not is_alive(found.pid))


@pytest.fixture
def outside_tmp() -> Iterator[Path]:
    """Return an empty folder that is not below /tmp."""
    path = Path(tempfile.mkdtemp(prefix="eventlog-test-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@needs_root
@pytest.mark.parametrize("below", ["data", LONG])
def test_a_service_with_a_tmp_of_its_own_is_reached_from_outside(
    outside_tmp: Path, made_cluster: Path, bindir: Path | None, below: str
) -> None:
    (data_dir := outside_tmp / below).mkdir(parents=True)
    subprocess.run(["cp", "-a", made_cluster, data_dir], check=True)
    with with_folders_of_its_own(data_dir, bindir, "/tmp") as pid:
        server = EmbeddedServer(data_dir, bindir=bindir)
        assert server.attach()
        assert server.pid == pid


@needs_root
def test_a_service_that_cannot_be_seen_is_said_to_run_and_left_alone(
    outside_tmp: Path, made_cluster: Path, bindir: Path | None
) -> None:
    (data_dir := outside_tmp / LONG).mkdir(parents=True)
    subprocess.run(["cp", "-a", made_cluster, data_dir], check=True)
    with with_folders_of_its_own(data_dir, bindir, "/tmp", "/run") as pid:
        server = EmbeddedServer(data_dir, bindir=bindir)
        assert not server.attach()
        assert f"process {pid}" in server.absence()
        with pytest.raises(EmbeddedServerError, match=rf"runs on .* as process {pid}.*PrivateTmp") as refused:
            server.start()
        assert "end that process" not in str(refused.value)
        assert is_alive(pid)
