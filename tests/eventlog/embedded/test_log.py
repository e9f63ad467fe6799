"""What PostgreSQL says: for its owner alone, bounded, and never a reason for it to wait."""

import os
import resource
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.log_writer import Log
from tests.support.waiting import until

LINE = b"." * 99 + b"\n"


def test_a_full_log_is_put_aside_and_few_are_kept(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "postgres.log"), bytes_max=1000, kept=2)
    for _ in range(42):
        log.write(LINE)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {"postgres.log": 200, "postgres.log.1": 1000, "postgres.log.2": 1000}


def test_what_does_not_fit_on_the_disk_is_lost_and_told(tmp_path: Path) -> None:
    path = tmp_path / "postgres.log"
    log = Log(str(path), bytes_max=1000, kept=2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))
    try:
        log.write(LINE)
        log.write(LINE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.write(b"there is room\n")
    assert path.read_bytes() == LINE[:50] + b"\n[200 bytes of this log could not be written]\nthere is room\n"


@pytest.mark.parametrize("how", ["renamed", "removed"])
def test_a_log_that_others_rotate_begins_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "postgres.log"
    log = Log(str(path), bytes_max=1000, kept=2)
    log.write(LINE)
    if how == "renamed":
        path.rename(tmp_path / "aside")
    else:
        path.unlink()
    log.write(b"new\n")
    assert path.read_bytes() == b"new\n"


def test_it_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "postgres.log").symlink_to(tmp_path / "elsewhere")
    log = Log(str(tmp_path / "postgres.log"), bytes_max=1000, kept=2)
    log.write(LINE)
    assert not (tmp_path / "elsewhere").exists()


def test_a_log_of_the_server_is_closed_to_others_and_holds_no_statements(
    data_dir: Path, bindir: Path | None
) -> None:
    log = data_dir / "postgres.log"
    log.touch(mode=0o644)
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        with (
            psycopg.connect(server.dsn) as connection,
            pytest.raises(psycopg.errors.UndefinedTable),
        ):
            connection.execute("SELECT 'a secret of theirs' FROM not_there")
        until(lambda: "not_there" in log.read_text())
        os.truncate(log, 0)  # as copytruncate does
    said = log.read_text()
    assert "database system is shut down" in said
    assert "a secret of theirs" not in said
    assert log.stat().st_mode & 0o777 == 0o600
