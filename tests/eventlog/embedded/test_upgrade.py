"""The embedded data are moved from an older PostgreSQL to the newest; whatever happens, none is lost."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from eventlog.audit.protection import protect, reaching
from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.embedded.binaries import major_version, programs_of
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.upgrade import upgrade
from projections.install import set_up
from tests.operating.conftest import fill, received
from tests.support.command_line import eventlog
from tests.support.postgres import FAST, quick_directory
from tests.support.waiting import until


def older_programs() -> list[Path]:
    """Return what there is of older versions: Debian's 15, a wheel's 17."""
    found = []
    for major in (15, 17):
        with suppress(EmbeddedServerError):
            found.append(programs_of(major))
    return found


@pytest.fixture(scope="module", params=older_programs(), ids=lambda programs: str(major_version(programs)))
def old_programs(request: pytest.FixtureRequest, bindir: Path | None) -> Path:
    if bindir is not None:
        pytest.skip("moves to the newest version, which is not the one that is tested")
    programs: Path = request.param
    return programs


@pytest.fixture(scope="module")
def old_data(old_programs: Path) -> Iterator[Path]:
    """Return a data directory of an older version with a log in it, and what others have made there."""
    with quick_directory() as path:
        with EmbeddedServer(path, bindir=old_programs, options=FAST) as server:
            set_up(server.dsn, 4)
            protect(server.superuser_dsn)
            fill(server.dsn)
            with psycopg.connect(server.superuser_dsn, autocommit=True) as superuser:
                superuser.execute("CREATE ROLE shop LOGIN PASSWORD 'of-a-test'")
                superuser.execute("GRANT USAGE ON SCHEMA eventlog TO shop")
                superuser.execute("GRANT EXECUTE ON FUNCTION eventlog.publish_events TO shop")
                superuser.execute("CREATE TABLE public.orders AS SELECT 7 AS number")
                superuser.execute("ALTER DATABASE eventlog SET work_mem = '9MB'")
                superuser.execute("ALTER SYSTEM SET work_mem = '8MB'")
        yield path


@pytest.fixture
def data(old_data: Path) -> Iterator[Path]:
    with quick_directory() as path:
        subprocess.run(["cp", "-a", f"{old_data}/.", path], check=True)
        yield path


def as_it_was(data: Path, programs: Path) -> object:
    with EmbeddedServer(data, bindir=programs, options=FAST) as server:
        return received(server.dsn)


def test_all_of_it_is_moved_proven_and_the_old_data_are_kept(data: Path, old_programs: Path) -> None:
    major = major_version(old_programs)
    told = eventlog("db", "start", EVENTLOG_DATA_DIR=str(data))
    assert (told.returncode, "`eventlog db upgrade` moves them" in told.stderr) == (1, True)
    done = eventlog("db", "upgrade", EVENTLOG_DATA_DIR=str(data))
    assert done.returncode == 0, done.stderr
    assert f"PostgreSQL {major}." in done.stdout
    assert f"kept in {data}/cluster.{major}" in done.stderr
    assert "core equals a replay of 40 deliveries" in done.stderr
    assert "not carried over: ALTER DATABASE eventlog SET work_mem=9MB" in done.stderr
    assert "not carried over: ALTER SYSTEM SET work_mem = '8MB'" in done.stderr
    with EmbeddedServer(data, options=FAST) as server:
        moved = received(server.dsn)
        with psycopg.connect(server.superuser_dsn) as superuser:
            assert reaching(superuser, "public") == []
            assert superuser.execute("SELECT number FROM public.orders").fetchone() == (7,)
            may = "SELECT has_function_privilege('shop', 'eventlog.publish_events(json)', 'EXECUTE')"
            assert superuser.execute(may).fetchone() == (True,)
        fill(server.dsn)
    again = eventlog("db", "upgrade", EVENTLOG_DATA_DIR=str(data))
    assert (again.returncode, "are of the version that is installed" in again.stderr) == (0, True)
    # Back to the old ones, as it is told.
    shutil.rmtree(data / "cluster")
    (data / f"cluster.{major}").rename(data / "cluster")
    assert as_it_was(data, old_programs) == moved


def test_interrupted_at_its_very_end_it_is_finished_by_the_next_call(data: Path, old_programs: Path) -> None:
    """Between the two renames nobody takes the missing cluster for a new beginning."""
    directory = DataDirectory(data)
    kept = directory.kept(directory.major)
    directory.upgrading.mkdir()
    (data / "cluster").rename(kept)
    # What stands in for the new cluster; it is not looked at.
    shutil.copytree(kept, directory.upgrading / "cluster")
    directory.proof.touch()
    told = eventlog("db", "start", EVENTLOG_DATA_DIR=str(data))
    assert (told.returncode, "`eventlog db upgrade` finishes it" in told.stderr) == (1, True)
    assert not directory.cluster.exists()
    done = eventlog("db", "upgrade", EVENTLOG_DATA_DIR=str(data))
    assert (done.returncode, "is finished" in done.stderr) == (0, True)
    assert (directory.cluster.exists(), directory.upgrading.exists()) == (True, False)


def interrupted(data: Path, reached: str, number: signal.Signals) -> int:
    """Start an upgrade, send it a signal once it has made something, and return what it exits with."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("EVENTLOG_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "eventlog", "db", "upgrade"],
        env=environment | {"EVENTLOG_DATA_DIR": str(data)},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: (data / reached).exists() or process.poll() is not None, deadline_seconds=60)
        assert process.poll() is None
        process.send_signal(number)
        return process.wait(60)
    finally:
        process.kill()
        process.wait()


def test_killed_it_leaves_the_old_data_and_the_next_call_begins_anew(data: Path, old_programs: Path) -> None:
    interrupted(data, "upgrade/cluster/postmaster.pid", signal.SIGKILL)
    directory = DataDirectory(data)
    until(lambda: not directory.is_locked(), deadline_seconds=60)
    before = as_it_was(data, old_programs)
    assert eventlog("db", "upgrade", EVENTLOG_DATA_DIR=str(data)).returncode == 0
    assert as_it_was(data, find_binaries()) == before


def test_ctrl_c_leaves_the_old_data_and_nothing_else(data: Path, old_programs: Path) -> None:
    assert interrupted(data, "upgrade/cluster.new", signal.SIGINT) == 130
    assert not (data / "upgrade").exists()
    as_it_was(data, old_programs)


def test_what_cannot_be_proven_is_not_used(data: Path, old_programs: Path) -> None:
    def refuse(dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            assert connection.info.server_version // 10000 > major_version(old_programs)
        raise EmbeddedServerError("not what it should be")

    with pytest.raises(EmbeddedServerError, match="not what it should be"):
        moved(data, check=refuse)
    assert not (data / "upgrade").exists()
    as_it_was(data, old_programs)


def moved(data: Path, **arguments: object) -> object:
    given = {"bindir": None, "old_bindir": None, "check": lambda dsn: None, "say": print, "watch": print}
    return upgrade(data, **{**given, **arguments})  # type: ignore[arg-type]


def test_what_stands_in_the_way_is_said_before_anything_is_done(
    data: Path, old_programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    major = major_version(old_programs)
    with pytest.raises(EmbeddedServerError, match=f"programs of PostgreSQL {major} are needed"):
        moved(data, old_bindir=tmp_path)
    in_use = pytest.raises(EmbeddedServerError, match="is in use: end eventlog first")
    with EmbeddedServer(data, bindir=old_programs, options=FAST), in_use:
        moved(data)
    with monkeypatch.context() as patched:
        patched.setattr("eventlog.embedded.upgrade.ROOM_BYTES", 1 << 60)
        with pytest.raises(EmbeddedServerError, match=r"needs 1,073,741,824\.0 GiB free; it has"):
            moved(data)
    (data / f"cluster.{major}").mkdir()
    with pytest.raises(EmbeddedServerError, match="is there already, from an upgrade before"):
        moved(data)
    (data / f"cluster.{major}").rmdir()
    (data / "cluster" / "PG_VERSION").write_text("99\n")
    with pytest.raises(EmbeddedServerError, match="no data go back: install PostgreSQL 99"):
        moved(data)


def test_without_data_none_are_made(tmp_path: Path) -> None:
    said = eventlog("db", "upgrade", EVENTLOG_DATA_DIR=str(tmp_path / "none"))
    assert (said.returncode, "there is no event log" in said.stderr) == (4, True)
    assert not (tmp_path / "none").exists()
