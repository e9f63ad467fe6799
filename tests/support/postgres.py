"""A PostgreSQL for a session of tests, and a database of its own for each test."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from eventlog.embedded import EmbeddedServer

TEMPLATE = "template_eventlog"
PARTITIONS = 4

# No test of this server pulls the plug, so it need not wait for the disk, and several of them
# share one machine. Tests of durability start a server with none of these.
FAST = {"fsync": "off", "shared_buffers": "128MB", "max_wal_size": "1GB", "max_connections": "200"}

_numbers = count(1)


@contextmanager
def short_directory(prefix: str = "eventlog-test-") -> Iterator[Path]:
    """Make an empty directory that every user can reach, unlike pytest's own below a 0700 one."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def at_database(dsn: str, name: str) -> str:
    """Return the same address with another database."""
    head, _, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


def run_as_superuser(server: EmbeddedServer, *statements: sql.Composed) -> None:
    with psycopg.connect(at_database(server.superuser_dsn, "postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def create_database(server: EmbeddedServer, name: str, template: str = "template1") -> None:
    """Create a database of role eventlog. Fails while somebody is connected to the template."""
    run_as_superuser(
        server,
        sql.SQL("CREATE DATABASE {} OWNER eventlog TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
        # A template's own settings are not copied with it.
        sql.SQL("ALTER DATABASE {} SET search_path = eventlog, public").format(sql.Identifier(name)),
    )


def create_migrated_template(server: EmbeddedServer) -> str:
    """Create the database that every test's own is a copy of; return its name."""
    # Imported late, so that the tests of the embedded server need no schema.
    from eventlog.audit.protection import protect
    from projections.install import set_up

    create_database(server, TEMPLATE)
    set_up(at_database(server.dsn, TEMPLATE), PARTITIONS)
    protect(at_database(server.superuser_dsn, TEMPLATE))
    return TEMPLATE


@contextmanager
def cloned_database(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Clone the template; yield the clone's name; drop it, whoever is still connected."""
    name = f"test_{next(_numbers)}"
    create_database(server, name, template)
    try:
        yield name
    finally:
        run_as_superuser(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
