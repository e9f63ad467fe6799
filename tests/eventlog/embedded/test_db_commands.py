"""`eventlog db` as people call it: a process, its two outputs and its exit code."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from eventlog.embedded import EmbeddedServer
from tests.eventlog.embedded.conftest import StartOwner
from tests.support.postgres import quick_directory
from tests.support.processes import is_alive
from tests.support.root import ROOT

Db = Callable[..., "subprocess.CompletedProcess[str]"]

# The command line as it is, without importing the other packages' commands.
ONLY_DB = "from eventlog import cli; cli.COMMANDS = {'db': cli.COMMANDS['db']}; cli.main()"


@pytest.fixture
def db(data_dir: Path, bindir: Path | None) -> Iterator[Db]:
    """Return a function that runs `eventlog db …` on data_dir; stop what it started."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("EVENTLOG_", "PG"))}
    base["EVENTLOG_DATA_DIR"] = str(data_dir)
    if bindir:
        base["EVENTLOG_PG_BINDIR"] = str(bindir)

    def run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", ONLY_DB, "db", *arguments],
            cwd=ROOT,
            env=base | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    yield run
    run("stop")


def test_start_url_and_stop(db: Db, data_dir: Path) -> None:
    started = db("start")
    assert (started.returncode, started.stdout) == (0, ""), started.stderr
    url = db("url")
    with psycopg.connect(url.stdout.strip()) as connection:
        row = connection.execute("SELECT current_user, current_setting('search_path')").fetchone()
        pid = EmbeddedServer(data_dir).directory.postmaster()
    assert row == ("eventlog", "eventlog, public")
    assert pid is not None
    assert is_alive(pid.pid)
    assert db("stop").returncode == 0
    assert not is_alive(pid.pid)
    assert not pid.socket_dir.exists()
    assert "database system is shut down" in (data_dir / "postgres.log").read_text()


def test_start_and_stop_may_be_repeated(db: Db) -> None:
    assert db("start").returncode == 0
    again = db("start")
    assert (again.returncode, "already runs" in again.stderr) == (0, True)
    assert db("stop").returncode == 0
    again = db("stop")
    assert (again.returncode, "no database runs" in again.stderr) == (0, True)


def test_a_server_attaches_to_one_that_db_start_runs_and_leaves_it(db: Db, data_dir: Path) -> None:
    db("start")
    with EmbeddedServer(data_dir) as server:
        assert server.attached
        pid = server.pid
    assert is_alive(pid)


def test_url_without_a_database_says_how_to_start_one(db: Db) -> None:
    url = db("url")
    assert (url.returncode, url.stdout) == (4, "")
    assert "eventlog db start" in url.stderr
    assert "Traceback" not in url.stderr


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:p%40ss@db.example.invalid:6432/log?sslmode=require",
        "host=db.example.invalid user=me password=p@ss dbname=log options='-c work_mem=8MB'",
    ],
)
def test_url_of_a_database_of_ones_own_is_that_with_our_search_path(db: Db, dsn: str) -> None:
    url = db("url", EVENTLOG_DSN=dsn)
    parts = psycopg.conninfo.conninfo_to_dict(url.stdout.strip())
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    options = str(parts.pop("options"))
    assert options == f"{given.pop('options', '')} -c search_path=eventlog,public".strip()
    assert parts == given


def test_stop_spares_a_database_that_a_living_process_owns(
    db: Db, data_dir: Path, start_owner: StartOwner
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    refused = db("stop")
    assert (refused.returncode, f"belongs to process {owner.process.pid}" in refused.stderr) == (1, True)
    assert is_alive(owner.pid)
    assert db("stop", "--force").returncode == 0
    assert not is_alive(owner.pid)


def test_start_and_stop_are_for_the_embedded_database_alone(db: Db) -> None:
    for command in ("start", "stop"):
        refused = db(command, EVENTLOG_DSN="postgresql://me:secret@example.invalid/log")
        assert (refused.returncode, "unset it" in refused.stderr) == (2, True)
        assert "secret" not in refused.stderr


def test_a_backup_comes_to_life_as_a_data_directory(db: Db, bindir: Path | None) -> None:
    db("start")
    with psycopg.connect(db("url").stdout.strip()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with quick_directory() as place:
        made = db("backup", place / "copy")
        assert (made.returncode, made.stdout) == (0, ""), made.stderr
        assert "100%" in made.stderr
        with (
            EmbeddedServer(place / "copy", bindir=bindir) as restored,
            psycopg.connect(restored.dsn) as other,
        ):
            assert other.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_backup_as_tar_files(db: Db, data_dir: Path) -> None:
    db("start")
    assert db("backup", data_dir / "copy", "--tar").returncode == 0
    assert {"base.tar", "pg_wal.tar"} <= {path.name for path in (data_dir / "copy").iterdir()}


def test_a_backup_never_writes_into_a_folder_with_something_in_it(db: Db, data_dir: Path) -> None:
    db("start")
    (data_dir / "copy").mkdir()
    (data_dir / "copy" / "precious").touch()
    refused = db("backup", data_dir / "copy")
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    assert [path.name for path in (data_dir / "copy").iterdir()] == ["precious"]


def test_a_database_of_ones_own_is_dumped(db: Db, data_dir: Path, database: str) -> None:
    made = db("backup", data_dir / "copy", EVENTLOG_DSN=database)
    assert made.returncode == 0, made.stderr
    assert (data_dir / "copy" / "eventlog.dump").read_bytes().startswith(b"PGDMP")


def test_a_dump_shows_its_password_to_nobody(db: Db, data_dir: Path, database: str) -> None:
    bindir = data_dir / "bin"
    bindir.mkdir()
    recorder = bindir / "pg_dump"
    recorder.write_text(
        "#!/bin/sh\n"
        'test "$1" = --version && echo "pg_dump (PostgreSQL) 99.1" && exit\n'
        'echo "argv: $@" >&2; echo "env: $PGPASSWORD" > "$(dirname "$0")/env"; exit 1\n'
    )
    recorder.chmod(0o755)
    dsn = make_conninfo(database, password="p@ss word")
    failed = db("backup", data_dir / "copy", EVENTLOG_DSN=dsn, EVENTLOG_PG_BINDIR=str(bindir))
    assert failed.returncode == 1
    assert "argv: --no-password --no-toast-compression --format custom" in failed.stderr
    assert "p@ss" not in failed.stderr + failed.stdout
    assert (bindir / "env").read_text() == "env: p@ss word\n"


def test_a_database_of_ones_own_that_is_away_is_said_without_its_password(db: Db, data_dir: Path) -> None:
    failed = db("backup", data_dir / "copy", EVENTLOG_DSN=f"host={data_dir} user=me password=secret")
    assert (failed.returncode, "cannot be reached" in failed.stderr) == (4, True)
    assert "secret" not in failed.stderr
    assert not (data_dir / "copy").exists()
