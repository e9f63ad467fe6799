"""What docker-compose.yml makes of a PostgreSQL, new or old: an owner that is no superuser."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from tests.operating.conftest import fill, received
from tests.support.command_line import eventlog
from tests.support.postgres import FAST, at_database, quick_directory
from tests.support.root import ROOT

POWERS = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'eventlog'"


@contextmanager
def server_of_an_image(bindir: Path | None, superuser: str) -> Iterator[EmbeddedServer]:
    """Run a server as the image leaves it: one superuser, by a name, and a database eventlog of theirs."""
    with quick_directory() as place:
        (place / "rules.conf").write_text("local all all trust\n")
        options = FAST | {"hba_file": str(place / "rules.conf")}
        with EmbeddedServer(place / "data", bindir=bindir, options=options) as running:
            with psycopg.connect(at_database(running.superuser_dsn, "postgres"), autocommit=True) as opened:
                opened.execute("DROP DATABASE eventlog")
                opened.execute("DROP ROLE eventlog")
                opened.execute("CREATE DATABASE eventlog")
                if superuser != "postgres":
                    opened.execute("CREATE ROLE helper SUPERUSER LOGIN")
            if superuser != "postgres":
                helper = at_database(running.superuser_dsn, "postgres").replace("//postgres@", "//helper@")
                with psycopg.connect(helper, autocommit=True) as opened:
                    opened.execute(f"ALTER ROLE postgres RENAME TO {superuser}".encode())
                with psycopg.connect(at_database(running.dsn, "postgres"), autocommit=True) as opened:
                    opened.execute("DROP ROLE helper")
            yield running


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    for name in ("postgres_password", "eventlog_password"):
        (tmp_path / name).write_text(f"of a test: {name}\n")
    for work in ("api", "worker", "auditor"):
        (tmp_path / f"{work}_dsn").write_text(f"postgresql://eventlog_{work}:of-{work}@postgres/eventlog\n")
    return tmp_path


def run_by_psql(file: str, dsn: str, secrets: Path, programs: Path) -> None:
    """Run a file as the image does, or as its first lines say, with secrets that lie elsewhere."""
    script = (ROOT / "compose" / file).read_text(encoding="utf-8").replace("/run/secrets", str(secrets))
    command = [str(programs / "psql"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--quiet", dsn]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def assert_owned_by_no_superuser(server: EmbeddedServer) -> None:
    """Do what the containers do: migrate as eventlog, protect as the superuser, publish and project."""
    admin = server.superuser_dsn
    migrated = eventlog("migrate", "--roles", EVENTLOG_DSN=server.dsn)
    assert migrated.returncode == 0, migrated.stderr
    assert eventlog("protect", "--yes", EVENTLOG_DSN=admin).returncode == 0
    with psycopg.connect(server.dsn, autocommit=True) as owner:
        owner.execute("SET search_path = eventlog")
        assert owner.execute(POWERS).fetchone() == (False,)
        for forbidden in ("CREATE ROLE another", "ALTER SYSTEM SET fsync = off"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(forbidden.encode())
    api, worker = (server.dsn.replace("//eventlog@", f"//eventlog_{work}@") for work in ("api", "worker"))
    fill(f"{api}&options=-csearch_path%3Deventlog%2Cpublic")
    with psycopg.connect(worker) as opened, pytest.raises(psycopg.errors.InsufficientPrivilege):
        opened.execute("INSERT INTO eventlog.keys DEFAULT VALUES")
    with psycopg.connect(admin) as opened:
        rows = opened.execute("SELECT rolname FROM pg_authid WHERE rolpassword <> ''").fetchall()
    assert {f"eventlog_{work}" for work in ("api", "worker", "auditor")} <= {name for (name,) in rows}


def test_a_new_volume_gets_an_owner_that_is_no_superuser(
    bindir: Path | None, programs: Path, secrets: Path
) -> None:
    with server_of_an_image(bindir, "postgres") as server:
        run_by_psql("postgres/10-owner.sql", server.superuser_dsn, secrets, programs)
        for _ in range(2):  # again changes nothing
            run_by_psql("postgres/20-logins.sql", server.superuser_dsn, secrets, programs)
        assert_owned_by_no_superuser(server)


def test_an_old_volume_gets_one_by_the_step_that_is_told(
    bindir: Path | None, programs: Path, secrets: Path
) -> None:
    with server_of_an_image(bindir, "eventlog") as server:
        set_up(server.dsn, 4)
        fill(f"{server.dsn}&options=-csearch_path%3Deventlog%2Cpublic")
        before = received(server.dsn)
        run_by_psql("existing.sql", server.dsn, secrets, programs)
        run_by_psql("postgres/20-logins.sql", server.superuser_dsn, secrets, programs)
        assert received(server.dsn) == before
        assert_owned_by_no_superuser(server)
