"""Data whose owner or mode a copy or a volume has changed: mended where it is ours, else told how."""

import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.account import Account
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.ownership import _chown
from projections.doctor.surroundings import check_data_directory
from tests.eventlog.embedded.conftest import StartOwner, unprivileged

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def starts(data_dir: Path, bindir: Path | None) -> list[str]:
    """Start a server and ask it something; return what it said."""
    said: list[str] = []
    server = EmbeddedServer(data_dir, bindir=bindir)
    server.start(said.append)
    with server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    return said


@pytest.mark.parametrize("mode", [0o2770, 0o777, 0o755])
def test_a_mode_that_a_volume_has_given_is_taken_back(data_dir: Path, bindir: Path | None, mode: int) -> None:
    cluster = data_dir / "cluster"
    cluster.chmod(mode)
    assert check_data_directory(data_dir).status == "failed"
    assert check_data_directory(data_dir).mend == f"chmod 700 {cluster}"
    assert any(f"{mode:04o}" in line for line in starts(data_dir, bindir))
    assert stat.S_IMODE(cluster.stat().st_mode) & 0o777 == 0o700
    assert check_data_directory(data_dir).status != "failed"


def test_a_group_that_may_read_is_left_alone(data_dir: Path, bindir: Path | None) -> None:
    (data_dir / "cluster").chmod(0o750)
    assert not any("mode" in line for line in starts(data_dir, bindir))
    assert (data_dir / "cluster").stat().st_mode & 0o777 == 0o750


def test_a_command_that_is_told_holds_a_path_with_spaces_together(tmp_path: Path) -> None:
    """Pasted as it stands, by root, it must reach this folder, and not three others."""
    cluster = tmp_path / "my data" / "cluster"
    cluster.mkdir(parents=True)
    cluster.chmod(0o777)
    told = [check_data_directory(cluster.parent).mend]
    told += [_chown(DataDirectory(cluster.parent), Account("x", 1, 1))]
    assert [shlex.split(command)[-1] for command in told] == [str(cluster)] * 2


def _all_of_it(cluster: Path) -> None:
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, 0, 0)


def _one_file(cluster: Path) -> None:
    os.chown(cluster / "global" / "pg_control", 0, 0)


@needs_root
@pytest.mark.parametrize("taken", [_all_of_it, _one_file])
def test_what_root_took_by_copying_is_given_back(
    data_dir: Path, bindir: Path | None, taken: Callable[[Path], None]
) -> None:
    cluster = data_dir / "cluster"
    taken(cluster)
    assert "chown -R" in check_data_directory(data_dir).mend
    assert any("given to it" in line for line in starts(data_dir, bindir))
    assert 0 not in {path.lstat().st_uid for path in (cluster, *cluster.rglob("*"))}


@needs_root
@pytest.mark.parametrize("why", ["a third user's", "it leads out"])
def test_what_is_not_plainly_ours_is_left_alone_and_the_command_named(
    data_dir: Path, bindir: Path | None, why: str
) -> None:
    cluster = data_dir / "cluster"
    _all_of_it(cluster)
    if why == "it leads out":
        (cluster / "pg_tblspc" / "16384").symlink_to("/var")
    else:
        os.chown(cluster / "base", 12345, 12345)
    with pytest.raises(EmbeddedServerError, match=rf"as root, chown -R \w+ {cluster}"):
        EmbeddedServer(data_dir, bindir=bindir).start()
    assert cluster.stat().st_uid == 0


@needs_root
def test_a_user_is_told_what_root_has_to_do(data_dir: Path, start_owner: StartOwner) -> None:
    user = unprivileged()
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    _one_file(data_dir / "cluster")
    owner = start_owner(data_dir, user=user)
    assert owner.process.wait(30) == 1
    assert f"as root, chown -R nobody {data_dir / 'cluster'}" in owner.said()


@needs_root
def test_a_log_that_root_has_left_is_put_aside(data_dir: Path, start_owner: StartOwner) -> None:
    user = unprivileged()
    for path in (data_dir, *data_dir.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    (data_dir / "postgres.log").touch(mode=0o600)
    start_owner(data_dir, user=user).wait_until_ready().finish()
    assert (data_dir / "postgres.log").stat().st_uid == user.pw_uid


@needs_root
def test_the_doctor_tells_of_an_account_that_others_share(server: EmbeddedServer) -> None:
    finding = check_data_directory(server.directory.path)
    assert (finding.status, "useradd --system eventlog" in finding.mend) == ("warning", True)
