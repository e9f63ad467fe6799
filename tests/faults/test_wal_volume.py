"""The volume of the WAL: full, PostgreSQL is down until there is room; a forgotten slot must not fill it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.errors import DiskFull
from eventlog.log.writer import Writer
from tests.faults.client import load
from tests.faults.stack import Stack
from tests.support.deliveries import deliveries, event
from tests.support.postgres import create_migrated_template, short_directory
from tests.support.sessions import scalar
from tests.support.waiting import until
from tests.support.writing import writer

SIZE_MB = 96
KEPT_MB = 32
# As in production but for sizes; each segment is 16 MB.
OPTIONS = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "min_wal_size": "32MB",
    "max_wal_size": "48MB",
    "wal_buffers": "1MB",
    "max_slot_wal_keep_size": f"{KEPT_MB}MB",
}
root = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small volume needs root"),
]


@pytest.fixture(scope="module")
def volume() -> Iterator[Path]:
    with short_directory("eventlog-wal-") as path:
        command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", path]
        mounted = subprocess.run(command, capture_output=True)
        if mounted.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.decode().strip()}")
        try:
            yield path
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture(scope="module")
def server(bindir: Path | None, volume: Path) -> Iterator[EmbeddedServer]:
    """Run a server whose WAL lies on a small volume of its own."""
    with short_directory() as data_dir:
        with EmbeddedServer(data_dir, bindir=bindir, options=OPTIONS) as server:
            wal = server.directory.cluster / "pg_wal"
        status = wal.stat()
        shutil.move(wal, volume / "pg_wal")
        for path in (volume / "pg_wal", *(volume / "pg_wal").rglob("*")):
            os.chown(path, status.st_uid, status.st_gid)
        wal.symlink_to(volume / "pg_wal")
        with EmbeddedServer(data_dir, bindir=bindir, options=OPTIONS) as running:
            yield running


@pytest.fixture(scope="module")
def template(server: EmbeddedServer) -> str:
    return create_migrated_template(server)


class TestOnASmallVolume:
    pytestmark = root

    def test_a_full_volume_of_the_wal_stops_the_database_and_loses_nothing_acknowledged(
        self,
        server: EmbeddedServer,
        volume: Path,
        stack: Stack,
        journal: Path,
        sound: Callable[[], None],
    ) -> None:
        """PostgreSQL cannot go on without its WAL. With room again it starts as after any crash.

        Whether recovery's own few bytes still fit is luck: if they do not, PostgreSQL ends; if they do,
        it accepts connections, crashes at the next page of WAL, and recovers again.
        """
        stack.start_worker()
        stack.start_api()
        ballast = volume / "ballast"
        with load(stack.port, journal, batch_max=200) as running:
            until(lambda: running.journal.acknowledged > 50)
            pid = server.pid
            _fill(ballast)
            until(lambda: "No space left" in _panic(server))
            until(lambda: _ended(pid) or _answers(server), deadline_seconds=60)
            if _ended(pid):
                with pytest.raises(EmbeddedServerError, match="No space left"):
                    server.start()
            ballast.unlink()
            before = running.journal.acknowledged

            def acknowledges_again() -> bool:
                server.start()  # does nothing while it runs
                return running.journal.acknowledged > before + 200

            until(acknowledges_again, deadline_seconds=30)
            assert running.codes <= {"database_unavailable", "outcome_unknown", "disk_full"}
        sound()

    def test_nothing_is_appended_before_it_is_full_and_the_database_stays_up(
        self, server: EmbeddedServer, volume: Path, database: str, connection: psycopg.Connection[TupleRow]
    ) -> None:
        ballast = volume / "ballast"

        async def publish_while_it_fills() -> None:
            async with writer(database, volumes=[server.directory.cluster / "pg_wal"]) as own:
                assert await _becomes(own, "accepted") == ""
                _fill(ballast, leave_bytes=(SIZE_MB << 20) // 20)
                assert "has 4 MiB of 96 left" in await _becomes(own, "refused")
                with pytest.raises(DiskFull):
                    await own.check()
                ballast.unlink()
                assert await _becomes(own, "accepted again") == ""

        pid = server.pid
        asyncio.run(publish_while_it_fills())
        assert server.pid == pid
        assert scalar(connection, "SELECT count(*) FROM inbox WHERE event_id = 'accepted again'") == 1

    def test_a_slot_that_nobody_reads_keeps_no_more_wal_than_it_may(
        self, server: EmbeddedServer, volume: Path, stack: Stack, superuser_dsn: str
    ) -> None:
        with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
            superuser.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
            try:
                for _ in range(8):
                    superuser.execute("SELECT pg_switch_wal()")
                    superuser.execute("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 8000000))")
                    superuser.execute("CHECKPOINT")
                state = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'forgotten'"
                assert scalar(superuser, state) == "lost"
                used = sum(file.stat().st_size for file in (volume / "pg_wal").glob("0*"))
                assert used <= (KEPT_MB + 48 + 16) << 20
            finally:
                superuser.execute("SELECT pg_drop_replication_slot('forgotten')")


async def _becomes(own: Writer, outcome: str) -> str:
    """Publish until it is accepted, or refused; return why."""
    async with asyncio.timeout(20):
        while True:
            try:
                await own.submit(deliveries(event(event_id=outcome)))
            except DiskFull as error:
                if outcome == "refused":
                    return str(error)
            else:
                if outcome != "refused":
                    return ""
            await asyncio.sleep(0.05)


def _fill(ballast: Path, leave_bytes: int = 0) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while shutil.disk_usage(ballast).free > leave_bytes:
                file.write(bytes(1 << 16))
        except OSError:
            return


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _panic(server: EmbeddedServer) -> str:
    return server.directory.log.read_text().partition("PANIC")[2]


def _answers(server: EmbeddedServer) -> bool:
    try:
        with psycopg.connect(server.superuser_dsn):
            return True
    except psycopg.OperationalError:
        return False
