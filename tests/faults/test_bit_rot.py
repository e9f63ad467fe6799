"""A byte that changed on the disk: an error that says so, never a wrong answer."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from tests.faults.amcheck import damage
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.postgres import PARTITIONS, short_directory
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.workload import fill_log

OPTIONS = {"shared_buffers": "64MB", "max_connections": "50"}
PAGE = 8192
LARGEST = "SELECT partition FROM inbox GROUP BY partition ORDER BY count(*) DESC LIMIT 1"
EXIT_FAILED = 1
TABLES = ("eventlog.inbox_{partition}", "core_1.events", "core_1.duplicates")
INDEX = "core_1.event_once"


@pytest.fixture
def server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a server of the test's own, with a log that is filled and projected."""
    with short_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=OPTIONS) as server:
        set_up(server.dsn, PARTITIONS)
        fill_log(server.dsn)
        project_all(server.dsn)
        yield server


def files(server: EmbeddedServer, *relations: str) -> Iterator[Path]:
    """Yield where relations lie."""
    with psycopg.connect(server.dsn) as connection:
        largest = scalar(connection, LARGEST)
        for relation in relations:
            of = relation.format(partition=largest)
            name = scalar(connection, "SELECT pg_relation_filepath(%s::text::regclass)", of)
            yield server.directory.cluster / str(name)


def spoil(server: EmbeddedServer, file: Path | None, mended: Path | None) -> None:
    """Change a byte of one file, and another's back, while the server is stopped."""
    server.stop()
    for each in (file, mended):
        if each is not None:
            _flip_a_byte(each)
    server.start()


def _flip_a_byte(file: Path) -> None:
    """Change one bit near the end of the first page, where a table has its first row."""
    with file.open("r+b") as opened:
        opened.seek(PAGE - 100)
        (byte,) = opened.read(1)
        opened.seek(PAGE - 100)
        opened.write(bytes([byte ^ 1]))


def test_whoever_reads_a_damaged_page_says_so(
    server: EmbeddedServer, spawner: Spawner, tmp_path: Path, bindir: Path | None
) -> None:
    *tables, index = files(server, *TABLES, INDEX)
    before = None
    for file in tables:
        spoil(server, file, mended=before)
        before = file
        with Stack(spawner, server.dsn, tmp_path) as stack:
            verify = stack.start_command("verify", "core")
            assert verify.wait() == EXIT_FAILED, verify.log.read_text()
            assert "invalid page in block 0" in verify.log.read_text()
            assert "Traceback" not in verify.log.read_text()
            doctor = stack.start_command("doctor")
            doctor.wait()
            assert "met one, the last" in doctor.log.read_text()
    spoil(server, None, mended=before)
    assert damage(server.superuser_dsn, bindir) == []
    spoil(server, index, mended=None)
    assert any("invalid page in block 0" in line for line in damage(server.superuser_dsn, bindir))
