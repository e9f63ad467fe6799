"""The volume of the data is full: publishers are told, and nothing needs mending once there is room."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from eventlog.embedded import EmbeddedServer
from tests.faults.client import load
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.command_line import eventlog
from tests.support.postgres import at_database, run_as_superuser, short_directory
from tests.support.waiting import until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small volume needs root"),
]
SIZE_MB = 40


@pytest.fixture
def volume(server: EmbeddedServer) -> Iterator[Path]:
    """Mount a small volume that the server's user owns."""
    with short_directory("eventlog-volume-") as path:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", path], capture_output=True
        )
        if mounted.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.decode().strip()}")
        try:
            status = server.postmaster.socket_dir.stat()
            (tablespace := path / "tablespace").mkdir(mode=0o700)
            os.chown(tablespace, status.st_uid, status.st_gid)
            yield tablespace
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def stack(
    spawner: Spawner, server: EmbeddedServer, template: str, volume: Path, tmp_path: Path
) -> Iterator[Stack]:
    """Run over a database whose tables lie on the small volume; its log of changes lies elsewhere."""
    small, database = sql.Identifier("small"), sql.Identifier("on_small_volume")
    run_as_superuser(
        server,
        sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(small, sql.Literal(str(volume))),
        sql.SQL("CREATE DATABASE {} OWNER eventlog TEMPLATE {} TABLESPACE {}").format(
            database, sql.Identifier(template), small
        ),
        sql.SQL("ALTER DATABASE {} SET search_path = eventlog, public").format(database),
    )
    try:
        with Stack(spawner, at_database(server.dsn, "on_small_volume"), tmp_path) as opened:
            yield opened
    finally:
        run_as_superuser(
            server,
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database),
            sql.SQL("DROP TABLESPACE {}").format(small),
        )


@pytest.fixture
def database(stack: Stack) -> str:
    return stack.dsn


def test_publishers_hear_that_the_disk_is_full_and_go_on_once_there_is_room(
    stack: Stack, volume: Path, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    ballast = volume.parent / "ballast"
    with load(stack.port, journal, batch_max=200) as running:
        until(lambda: running.journal.acknowledged > 50)
        _fill(ballast)
        until(lambda: "disk_full" in running.codes, deadline_seconds=30, message="clients are not told")
        ended = eventlog("verify", EVENTLOG_DSN=stack.dsn)
        assert (ended.returncode, ended.stderr.count("free some room")) == (1, 1), ended.stderr
        ballast.unlink()
        before = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before + 200, deadline_seconds=10)
        assert running.codes <= {"disk_full", "database_unavailable"}
    sound()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return
