"""What an administrator prepares, as docs/operating.md says it, and what migrate says where it is missing."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.operating.conftest import admin, fill, login
from tests.operating.page import works
from tests.support.command_line import eventlog

OURS = "eventlog_appender, eventlog_projector, eventlog_reader"


@pytest.fixture
def manager(bare: EmbeddedServer) -> Iterator[str]:
    """Return an administrator's address, no superuser's, as on managed servers; undo what they did."""
    with psycopg.connect(admin(bare), autocommit=True) as superuser:
        superuser.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB")
        yield login(bare, "manager", "postgres")
        for name in ("log", "second", "third"):
            superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        for role in ("eventlog", "second", "third", *OURS.split(", "), "eventlog_auditor"):
            if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None:
                superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
        superuser.execute("DROP ROLE manager")


def said_by_migrate(dsn: str) -> str:
    """Return the statements that an administrator is to run."""
    said = eventlog("migrate", EVENTLOG_DSN=dsn)
    assert (said.returncode, said.stdout, len(said.stderr.splitlines())) == (1, "", 1)
    return said.stderr.rpartition("again: ")[2].strip()


def test_an_administrator_who_is_no_superuser_prepares_two_databases(
    manager: str, bare: EmbeddedServer, programs: Path
) -> None:
    first, second = login(bare, "eventlog", "log"), login(bare, "second", "second")
    works("prepare", programs, ADMIN_DSN=manager, EVENTLOG_DSN=first)
    works("second database", programs, ADMIN_DSN=manager, EVENTLOG_DSN=second)
    fill(first)
    fill(second)
    with psycopg.connect(manager, autocommit=True) as managing:
        managing.execute("CREATE ROLE third LOGIN")
        managing.execute("GRANT third TO CURRENT_USER")
        managing.execute("CREATE DATABASE third OWNER third")
    assert said_by_migrate(login(bare, "third", "third")).startswith(f"GRANT {OURS} TO third")


def test_what_migrate_says_that_an_administrator_has_to_run_is_enough(
    manager: str, bare: EmbeddedServer
) -> None:
    with psycopg.connect(manager, autocommit=True) as managing:
        managing.execute("CREATE ROLE third LOGIN")
        managing.execute("CREATE DATABASE third")
        dsn = login(bare, "third", "third")
        statements = said_by_migrate(dsn).split(";")
        assert statements[0] == "CREATE ROLE eventlog_appender NOLOGIN"
        for statement in filter(None, statements):
            managing.execute(statement.encode())
    assert eventlog("migrate", EVENTLOG_DSN=dsn).returncode == 0
    fill(dsn)


def test_a_log_that_is_a_superusers_is_handed_over(
    manager: str, bare: EmbeddedServer, programs: Path
) -> None:
    works("prepare", programs, ADMIN_DSN=manager, EVENTLOG_DSN=login(bare, "eventlog", "log"))
    with psycopg.connect(admin(bare), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE third OWNER eventlog")
    assert eventlog("migrate", EVENTLOG_DSN=admin(bare, "third")).returncode == 0
    dsn = login(bare, "eventlog", "third")
    said = eventlog("migrate", EVENTLOG_DSN=dsn)
    assert (said.returncode, len(said.stderr.splitlines())) == (1, 1)
    assert "log in as the role that the schema eventlog belongs to" in said.stderr
    works("hand over", programs, ADMIN_DSN=admin(bare, "third"), OWNER="eventlog", EVENTLOG_DSN=dsn)
    fill(dsn)
