"""A log that is moved by the commands of docs/operating.md comes out the same."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from eventlog.audit.protection import protect
from eventlog.embedded import EmbeddedServer
from eventlog.embedded.backup import knows_server
from eventlog.settings import load_settings
from projections.doctor import examine
from projections.install import set_up
from tests.operating.conftest import admin, fill, login, received
from tests.operating.page import blocks, run, run_script, works
from tests.support.command_line import eventlog
from tests.support.postgres import FAST, quick_directory

NOBODY_LISTENS = "http://127.0.0.1:9"
OURS = ("eventlog_appender", "eventlog_projector", "eventlog_reader", "eventlog_auditor")

_numbers = count(1)


@contextmanager
def empty_database(server: EmbeddedServer, owner: str) -> Iterator[str]:
    """Make an empty database of an owner, who is made if need be; yield their address."""
    name = f"new_{next(_numbers)}"
    with psycopg.connect(admin(server), autocommit=True) as superuser:
        if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [owner]).fetchone() is None:
            superuser.execute(SQL("CREATE ROLE {} LOGIN CREATEROLE").format(Identifier(owner)))
        superuser.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(owner)))
        yield login(server, owner, name)
        superuser.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def new(elsewhere: EmbeddedServer) -> Iterator[str]:
    """Return the owner's address of an empty database elsewhere, where nobody knows our roles."""
    with empty_database(elsewhere, "eventlog") as dsn:
        yield dsn
    with psycopg.connect(admin(elsewhere), autocommit=True) as superuser:
        for role in ("eventlog", *OURS):
            if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None:
                superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return tmp_path / "log.dump"


def faults(dsn: str) -> dict[str, str]:
    """Return what the doctor calls failed, but the settings of a test's server."""
    findings = examine(load_settings(dsn=dsn, url=NOBODY_LISTENS)).findings
    return {each.name: each.found for each in findings if each.status == "failed" and each.name != "fsync"}


def assert_moved(before: str, after: str) -> None:
    """The log is the same, nothing is wrong, and it goes on."""
    assert received(after) == received(before)
    assert faults(after) == {}
    fill(after)


def test_into_another_database_of_the_same_server(
    filled: str, server: EmbeddedServer, programs: Path, dump: Path
) -> None:
    works("dump", programs, EVENTLOG_DSN=filled, DUMP=dump)
    with empty_database(server, "eventlog") as new:
        works("restore", programs, NEW_DSN=new, DUMP=dump)
        assert_moved(filled, new)


def test_into_the_newest_server_where_our_roles_are_missing(
    filled: str, new: str, programs: Path, newest: Path, dump: Path
) -> None:
    # The server's own pg_dump, since a newer one may be from before its release.
    works("dump", programs, EVENTLOG_DSN=filled, DUMP=dump)
    works("restore", newest, NEW_DSN=new, DUMP=dump)
    assert_moved(filled, new)


def test_as_db_backup_prints_it(filled: str, new: str, tmp_path: Path, programs: Path) -> None:
    folder = tmp_path / "a backup"
    made = eventlog("db", "backup", folder, EVENTLOG_DSN=filled, EVENTLOG_PG_BINDIR=str(programs))
    assert made.returncode == 0, made.stderr
    printed = [line for line in made.stderr.splitlines() if line.startswith("    ")]
    assert len(printed) == 2
    done = run_script("\n".join(printed).replace("<DSN>", shlex.quote(new)), programs)
    assert done.returncode == 0, done.stderr
    assert_moved(filled, new)


def test_a_restore_that_goes_on_after_errors_is_refused_by_name(
    filled: str, new: str, newest: Path, programs: Path, dump: Path
) -> None:
    """As pg_restore does it by default; here the table of one partition is there already."""
    works("dump", programs, EVENTLOG_DSN=filled, DUMP=dump)
    with psycopg.connect(new, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA eventlog")
        owner.execute("CREATE TABLE eventlog.inbox_2 (another integer)")
    careless = run_script('pg_restore --no-owner -d "$NEW_DSN" "$DUMP"', newest, NEW_DSN=new, DUMP=dump)
    assert careless.returncode == 1
    said = eventlog("migrate", EVENTLOG_DSN=new)
    assert (said.returncode, said.stdout, len(said.stderr.splitlines())) == (1, "", 1)
    assert said.stderr.startswith(
        "eventlog: the log is not whole (missing: the tables inbox_2 of 4 partitions"
    )
    assert "inbox_2" in faults(new)["schema"]


def test_a_restore_without_our_roles_is_mended_by_migrate(
    filled: str, new: str, newest: Path, programs: Path, dump: Path
) -> None:
    """A dump of what is protected names roles, and functions that have other arguments elsewhere."""
    works("dump", programs, EVENTLOG_DSN=filled, DUMP=dump)
    restored = run_script('pg_restore --no-owner -d "$NEW_DSN" "$DUMP"', newest, NEW_DSN=new, DUMP=dump)
    assert "does not exist" in restored.stderr
    assert eventlog("migrate", EVENTLOG_DSN=new).returncode == 0
    assert_moved(filled, new)


def test_memberships_that_cannot_be_taken_on_are_named_and_mended(
    filled: str, new: str, elsewhere: EmbeddedServer, newest: Path, programs: Path, dump: Path
) -> None:
    """Roles that somebody else made, as a restore of all of a server's makes them."""
    with psycopg.connect(admin(elsewhere), autocommit=True) as superuser:
        for role in OURS[:3]:
            superuser.execute(f"CREATE ROLE {role} NOLOGIN".encode())
        superuser.execute("GRANT eventlog_appender TO eventlog WITH SET FALSE")
    works("dump", programs, EVENTLOG_DSN=filled, DUMP=dump)
    restore = blocks()["restore"].splitlines()[0]
    assert run_script(restore, newest, NEW_DSN=new, DUMP=dump).returncode == 0
    names = ", ".join(OURS[:3])
    assert faults(new)["roles"] == f"not to be taken on by our login: {names}"
    said = eventlog("migrate", EVENTLOG_DSN=new)
    assert said.returncode == 1
    assert said.stderr.endswith(f"again: GRANT {names} TO eventlog WITH SET TRUE;\n")
    with psycopg.connect(admin(elsewhere), autocommit=True) as superuser:
        superuser.execute(said.stderr.rpartition("again: ")[2].encode())
    assert eventlog("migrate", EVENTLOG_DSN=new).returncode == 0
    assert_moved(filled, new)


def test_a_dump_that_says_lz4_into_a_server_without_it(
    filled: str, new: str, superuser_dsn: str, newest: Path, programs: Path, dump: Path
) -> None:
    lz4 = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    with psycopg.connect(filled, autocommit=True) as owner, psycopg.connect(new) as other:
        if owner.execute(lz4).fetchone() != (True,) or other.execute(lz4).fetchone() != (False,):
            pytest.skip("needs a server with lz4 and one without")
        for partition in range(4):
            owner.execute(f"ALTER TABLE inbox_{partition} ALTER COLUMN raw SET COMPRESSION lz4".encode())
    said = run_script('pg_dump -Fc --file="$DUMP" "$DSN"', programs, DSN=filled, DUMP=dump)
    assert said.returncode == 0
    refused = run("restore", newest, NEW_DSN=new, DUMP=dump)
    assert "compression method lz4 not supported" in refused.stderr
    with psycopg.connect(new) as other:
        assert other.execute("SELECT to_regnamespace('eventlog')").fetchone() == (None,)
    works("restore without lz4", newest, NEW_DSN=new, DUMP=dump)
    assert_moved(filled, new)


def test_out_of_the_embedded_server_and_into_another(
    new: str, programs: Path, newest: Path, dump: Path, bindir: Path | None
) -> None:
    with quick_directory() as place:
        embedded = {"EVENTLOG_DATA_DIR": place / "one", "EVENTLOG_PG_BINDIR": programs}
        with EmbeddedServer(place / "one", bindir=bindir, options=FAST) as running:
            set_up(running.dsn, 4)
            protect(running.superuser_dsn)
            fill(running.dsn)
            before = received(running.dsn)
            # A pg_dump from before the server's release cannot.
            path = newest if knows_server(newest / "pg_dump", running.dsn) else programs
        works("out of the embedded server", path, **embedded, NEW_DSN=new, DUMP=dump)
        assert received(new) == before
        assert faults(new) == {}
        embedded = {"EVENTLOG_DATA_DIR": place / "two", "EVENTLOG_PG_BINDIR": newest}
        works("into the embedded server", newest, **embedded, DUMP=dump)
        with EmbeddedServer(place / "two", options=FAST) as running:
            assert received(running.dsn) == before
