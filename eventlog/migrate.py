"""Bring the schema up to date: numbered migrations once, then functions, partitions and grants.

All of it is one transaction under one lock: a database is at one version or at the next, and two
processes that start at the same time do not step on each other.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.audit.protection import protect_if_alone
from eventlog.database import Connection, connect, translated_errors
from eventlog.errors import SchemaMismatch, SettingsError
from eventlog.statements import SQL_DIR, read_sql, statement

POSTGRES_MIN = 150000
PARTITIONS_DEFAULT = 8


class Migration(msgspec.Struct, frozen=True):
    """One numbered file in sql/migrations."""

    version: int
    name: str
    checksum: str


class Server(msgspec.Struct, frozen=True):
    """What PostgreSQL says of itself."""

    version: str
    version_number: int
    encoding: str


class SchemaState(msgspec.Struct, frozen=True):
    """The schema that a database has."""

    schema_version: int
    partitions: int


def migrations() -> list[tuple[Migration, Path]]:
    """Return the migrations that this code brings, ascending."""
    paths = sorted((SQL_DIR / "migrations").glob("*.sql"))
    return [
        (Migration(int(path.stem[:4]), path.stem, hashlib.sha256(path.read_bytes()).hexdigest()), path)
        for path in paths
    ]


def migrate(dsn: str, partitions: int | None = None) -> list[str]:
    """Bring the database to this code's schema and return the names of the migrations applied.

    Args:
        dsn: a role that may create schemas and roles.
        partitions: how many the log shall have; must agree with the database where it has some.
            None takes what is there, or 8.

    Raises:
        SchemaMismatch: PostgreSQL older than 15, not UTF-8, or migrated by newer or other code.
        SettingsError: `partitions` differs from the database's.
        DatabaseUnavailable: no connection.
    """
    with connect(dsn, "owner", "migrate") as connection, translated_errors(), locked(connection):
        refuse_unsuitable_server(connection)
        applied = _apply_missing(connection)
        connection.execute(read_sql(SQL_DIR / "roles.sql"))
        for path in sorted((SQL_DIR / "functions").glob("*.sql")):
            connection.execute(read_sql(path))
        _fix_partitions(connection, partitions)
        connection.execute(statement("migrate/set_sequences"))
        connection.execute(read_sql(SQL_DIR / "grants.sql"))
        protect_if_alone(connection)
    return applied


@contextmanager
def locked(connection: Connection) -> Iterator[None]:
    """Begin a transaction that changes the schema: READ COMMITTED, and the only one of its kind.

    By an older snapshot, whoever waited for the lock would not see what its holder did.
    """
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    with connection.transaction():
        connection.execute(statement("migrate/begin"))
        yield


def refuse_unsuitable_server(connection: Connection) -> None:
    """Raise SchemaMismatch where PostgreSQL is too old or does not speak UTF-8."""
    server = connection.cursor(row_factory=class_row(Server)).execute(statement("migrate/server")).fetchone()
    assert server is not None
    if server.version_number < POSTGRES_MIN:
        raise SchemaMismatch(f"PostgreSQL {server.version} is too old: eventlog needs 15 or newer")
    if server.encoding != "UTF8":
        raise SchemaMismatch(f"the database is encoded in {server.encoding}: create one with ENCODING 'UTF8'")


def _apply_missing(connection: Connection) -> list[str]:
    applied = {
        done.version: done
        for done in connection.cursor(row_factory=class_row(Migration)).execute(statement("migrate/applied"))
    }
    known = migrations()
    newest = known[-1][0].version
    if applied and max(applied) > newest:
        raise SchemaMismatch(
            f"the database is at schema {max(applied)}, this code knows {newest}: upgrade eventlog"
        )
    missing = []
    for migration, path in known:
        done = applied.get(migration.version)
        if done is None:
            connection.execute(read_sql(path))
            connection.execute(statement("migrate/record"), msgspec.structs.asdict(migration))
            missing.append(migration.name)
        elif done.checksum != migration.checksum:
            raise SchemaMismatch(f"{migration.name} is not the file that was applied: migrations are frozen")
    return missing


def _fix_partitions(connection: Connection, wanted: int | None) -> None:
    row = connection.execute(
        statement("migrate/create_partitions"), {"wanted": wanted or PARTITIONS_DEFAULT}
    ).fetchone()
    assert row is not None
    refuse_other_partitions(wanted, row[0])


def refuse_other_partitions(wanted: int | None, present: int) -> None:
    """Raise SettingsError when the setting is not what was fixed at the first migrate."""
    if wanted is not None and wanted != present:
        raise SettingsError(
            f"EVENTLOG_PARTITIONS is {wanted}, but this log has had {present} partitions since its first "
            f"migrate, and their number cannot change: unset it, or set it to {present}"
        )


def schema_state(connection: Connection) -> SchemaState:
    """Return the schema that is there.

    Raises SchemaMismatch where it is missing, older or newer than this code's.
    """
    newest = migrations()[-1][0].version
    try:
        state = (
            connection.cursor(row_factory=class_row(SchemaState))
            .execute(statement("migrate/state"))
            .fetchone()
        )
    except psycopg.errors.UndefinedTable:
        raise SchemaMismatch("there is no event log in this database yet: run `eventlog migrate`") from None
    assert state is not None
    if state.schema_version != newest:
        mend = "run `eventlog migrate`" if (state.schema_version or 0) < newest else "upgrade eventlog"
        raise SchemaMismatch(
            f"the database is at schema {state.schema_version}, this code needs {newest}: {mend}"
        )
    return state
