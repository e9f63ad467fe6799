"""A PostgreSQL for a session of tests, and a database of its own for each test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from eventlog.embedded import EmbeddedServer

TEMPLATE = "template_eventlog"
PARTITIONS = 4

# No test of this server pulls the plug, so it need not wait for the disk, and several of them
# share one machine. Tests of durability start a server with none of these.
FAST = {"fsync": "off", "shared_buffers": "128MB", "max_wal_size": "512MB", "max_connections": "200"}
# A database is some 700 files, and a test makes and drops one. Memory takes a third of the time of a disk,
# where there is this much of it to spare: more than four servers ever fill.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 8 << 30

_numbers = count(1)


@contextmanager
def short_directory(prefix: str = "eventlog-test-", parent: Path = Path("/tmp")) -> Iterator[Path]:
    """Make an empty directory that every user can reach, unlike pytest's own below a 0700 one."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def quick_directory(prefix: str = "eventlog-test-") -> Iterator[Path]:
    """Make such a directory in memory, where there is plenty of it; for a server that need not last."""
    with short_directory(prefix, MEMORY if _plenty_of_memory() else Path("/tmp")) as path:
        yield path


def _plenty_of_memory() -> bool:
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:  # programs are copied there, too
        return False
    available = psutil.virtual_memory().available
    return min(available, shutil.disk_usage(MEMORY).free) > MEMORY_BYTES


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
        # By files: to write each block to the WAL, too, takes longer than two checkpoints without fsync.
        sql.SQL("CREATE DATABASE {} OWNER eventlog TEMPLATE {} STRATEGY FILE_COPY").format(
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
