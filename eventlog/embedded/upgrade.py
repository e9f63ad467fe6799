"""`eventlog db upgrade`: the embedded data, moved to the programs that are installed now.

    <data dir>/cluster        of the old major version, kept as it is until the new one is proven
    <data dir>/upgrade/       a data directory, in which the new one is made; worth nothing until it is proven
    <data dir>/cluster.15     what `cluster` becomes when `upgrade/cluster` takes its name

Dumped by the old programs and restored by the new ones, side by side, all or nothing. Not by pg_upgrade,
although that copies files: it does not look how texts are compressed, and what a build with lz4 has
written (Debian's, for one) is unreadable afterwards in one without, as the wheel's is; and it leaves a server
of its own behind, which holds the data, when it is killed.

Killed at any point, the old data are what they were, and the next call begins anew. Between the two renames
of the end there is no `cluster`: nobody makes a new one then, and the next call takes the second step.

Meanwhile the old server takes in nobody but us, by rules of its own: a delivery that it acknowledged after
the dump began would be lost.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from psycopg.rows import class_row
from psycopg.sql import Identifier

from eventlog.audit.protection import protect, unprotect
from eventlog.embedded.access import write_access
from eventlog.embedded.binaries import find_binaries, full_version, major_version, programs_of
from eventlog.embedded.directory import SUPERUSER, DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.server import EmbeddedServer
from eventlog.embedded.transfer import transfer
from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.database import Connection, connect, translated_errors
from eventlog.statements import SQL_DIR, read_sql, statement

# Beside what the data take: the WAL of the new server, and what sorting for indexes takes.
ROOM_BYTES = 2 << 30
GIB = 1 << 30
# All of a restore is one transaction, whose tables are new: with the least WAL there is none of their rows.
LOADING = {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "1GB"}

Say = Callable[[str], None]
Watch = Callable[[int, int, str], None]
# Proves the new database; the owner's address. Raises where it is not what it should be.
Check = Callable[[str], None]


class Upgraded(msgspec.Struct, frozen=True):
    """What was moved: between which versions, how many bytes, and where the old data are kept."""

    old: str
    new: str
    bytes_moved: int
    kept: Path


class DatabaseTable(msgspec.Struct, frozen=True):
    """A table of the database; `name` is quoted."""

    name: str
    schema: str
    relation: str


class TableDigest(msgspec.Struct, frozen=True):
    """How many rows a table has, and a digest of them."""

    rows: int
    digest: str


def upgrade(
    data_dir: Path,
    *,
    bindir: Path | None,
    old_bindir: Path | None,
    check: Check,
    say: Say,
    watch: Watch,
) -> Upgraded | None:
    """Move the data to the programs in bindir; None where they are of that version already.

    Raises EmbeddedServerError, with the old data as they were, and whatever `check` raises.
    """
    directory = DataDirectory(data_dir)
    if finish(directory):
        say("an upgrade that was interrupted at its very end is finished")
        return None
    if not directory.cluster.exists():
        raise DatabaseUnavailable(f"there is no event log in {directory.path}")
    if directory.is_locked():
        raise _in_use(directory)
    programs, major = find_binaries(bindir), directory.major
    if major == major_version(programs):
        return None
    if major > major_version(programs):
        raise EmbeddedServerError(
            f"the data in {directory.path} are of PostgreSQL {major}, the programs in {programs} are older "
            f"({full_version(programs)}), and no data go back: install PostgreSQL {major} or newer"
        )
    if directory.kept(major).exists():
        raise EmbeddedServerError(
            f"{directory.kept(major)} is there already, from an upgrade before: move it away, or remove it"
        )
    old_programs = programs_of(major, old_bindir)
    shutil.rmtree(directory.upgrading, ignore_errors=True)
    try:
        moved = _move(directory, old_programs, programs, check, say, watch)
    except BaseException:
        shutil.rmtree(directory.upgrading, ignore_errors=True)
        raise
    directory.proof.touch()
    directory.sync()
    directory.cluster.rename(directory.kept(major))
    directory.sync()
    finish(directory)
    return Upgraded(full_version(old_programs), full_version(programs), moved, directory.kept(major))


def finish(directory: DataDirectory) -> bool:
    """Let the new cluster take the place of the old one, where that has left it; say whether it did."""
    if not directory.is_between_clusters():
        return False
    (directory.upgrading / "cluster").rename(directory.cluster)
    directory.sync()
    shutil.rmtree(directory.upgrading, ignore_errors=True)
    return True


def _move(
    directory: DataDirectory, old_programs: Path, programs: Path, check: Check, say: Say, watch: Watch
) -> int:
    """Make the new cluster in `upgrading`, with all that the old one has; return how many bytes that is."""
    with _closed_server(directory, old_programs, say) as old:
        with connect(old.superuser_dsn, "owner", "upgrade") as connection, translated_errors():
            _refuse_others(connection)
            size = _size(connection)
            _require_room(directory, size)
            for (line,) in connection.execute(statement("embedded/left_behind")):
                say(f"not carried over: {line}")
        unprotect(old.superuser_dsn)
        with EmbeddedServer(directory.upgrading, bindir=programs, options=LOADING) as new:
            with connect(new.dsn, "owner", "upgrade") as owner, translated_errors():
                # Made by us, before those of the dump, which we could not administer.
                owner.execute(read_sql(SQL_DIR / "roles.sql"))
            with connect(new.superuser_dsn, "owner", "upgrade") as looking:
                at = (old.postmaster, old_programs, new.postmaster, programs)
                for _ in transfer(*at, place=directory.upgrading):
                    watch(min(_size(looking), size), size, "moving")
            _compare(old.superuser_dsn, new.superuser_dsn, watch)
            protect(new.superuser_dsn)
            check(new.dsn)
    return size


@contextmanager
def _closed_server(directory: DataDirectory, programs: Path, say: Say) -> Iterator[EmbeddedServer]:
    """Start the old server, for its superuser alone."""
    folder = directory.upgrading / "access"
    account = directory.prepare()
    folder.mkdir(parents=True, mode=0o755)
    for path in (directory.upgrading, folder):
        path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    access = write_access(folder, account, major_version(programs), only=SUPERUSER)
    server = EmbeddedServer(directory.path, bindir=programs, options=access)
    server.start(say)
    try:
        if server.attached:
            raise _in_use(directory)
        yield server
    finally:
        server.stop()


def _in_use(directory: DataDirectory) -> EmbeddedServerError:
    return EmbeddedServerError(f"{directory.path} is in use: end eventlog first, or `eventlog db stop`")


def _refuse_others(connection: Connection) -> None:
    others = [str(name) for (name,) in connection.execute(statement("embedded/others"))]
    if others:
        raise EmbeddedServerError(
            f"there are other databases in this server, which would stay behind: {', '.join(others)}; dump "
            "and drop them first"
        )


def _size(connection: Connection) -> int:
    row = connection.execute(statement("embedded/size")).fetchone()
    assert row is not None
    (size,) = row
    return int(size)


def _require_room(directory: DataDirectory, size: int) -> None:
    free = shutil.disk_usage(directory.path).free
    if free < size + ROOM_BYTES:
        raise EmbeddedServerError(
            f"the old data are kept while the new ones are made, for which {directory.path} needs "
            f"{(size + ROOM_BYTES) / GIB:,.1f} GiB free; it has {free / GIB:,.1f} GiB"
        )


def _compare(old_dsn: str, new_dsn: str, watch: Watch) -> None:
    """Raise EmbeddedServerError unless each table holds the same in both."""
    with connect(old_dsn, "owner", "upgrade") as old, connect(new_dsn, "owner", "upgrade") as new:
        tables = (
            old.cursor(row_factory=class_row(DatabaseTable)).execute(statement("embedded/tables")).fetchall()
        )
        watch(0, 0, "comparing")
        for table in tables:
            if (before := _content(old, table)) != (after := _content(new, table)):
                raise EmbeddedServerError(
                    f"{table.name} has {after.rows:,} rows in the new cluster, {before.rows:,} in the old, "
                    "or other ones: the old data are as they were"
                )


def _content(connection: Connection, table: DatabaseTable) -> TableDigest:
    query = statement("embedded/content").format(table=Identifier(table.schema, table.relation))
    with translated_errors():
        found = connection.cursor(row_factory=class_row(TableDigest)).execute(query).fetchone()
    assert found is not None
    return found
