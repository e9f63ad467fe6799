"""Bring the schema up to date: numbered migrations once, then roles, functions, partitions and grants.

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

from eventlog.audit.protection import protect_if_alone, set_auditor
from eventlog.errors import LogIncomplete, RightsMissing, SchemaMismatch, SettingsError
from eventlog.schema.completeness import RESTORE, require_whole
from eventlog.sessions.database import Connection, connect, first_line, translated_errors
from eventlog.statements import SQL_DIR, read_sql, statement

POSTGRES_MIN = 150000
PARTITIONS_DEFAULT = 8


class Migration(msgspec.Struct, frozen=True):
    """One numbered file in sql/migrations."""

    version: int
    name: str
    checksum: str


class ServerFeatures(msgspec.Struct, frozen=True):
    """What PostgreSQL says of itself."""

    version: str
    version_number: int
    encoding: str


class Needed(msgspec.Struct, frozen=True):
    """A statement that an administrator has to run before `role` can migrate."""

    role: str
    database: str
    statement: str


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
        LogIncomplete: something of the log is missing.
        RightsMissing: the role may not do it.
        SettingsError: `partitions` differs from the database's.
        DatabaseUnavailable: no connection.
    """
    with connect(dsn, "owner", "migrate") as connection, translated_errors():
        refuse_unsuitable_server(connection)
        _refuse_set_apart(connection)
        require_rights(connection)
        with locked(connection):
            return _migrate(connection, partitions)


def _migrate(connection: Connection, partitions: int | None) -> list[str]:
    _refuse_foreign(connection)
    applied = _apply_missing(connection)
    if len(applied) < len(migrations()):
        require_whole(connection)
    connection.execute(read_sql(SQL_DIR / "roles.sql"))
    set_auditor(connection)
    for path in sorted((SQL_DIR / "functions").glob("*.sql")):
        connection.execute(read_sql(path))
    _fix_partitions(connection, partitions)
    connection.execute(statement("migrate/set_sequences"))
    grant(connection)
    connection.execute(read_sql(SQL_DIR / "renew.sql"))
    protect_if_alone(connection)
    return applied


def grant(connection: Connection) -> None:
    """Give each role its rights, and the operator, where there is one, what belongs to projections."""
    connection.execute(read_sql(SQL_DIR / "grants.sql"))
    connection.execute(read_sql(SQL_DIR / "hand_over.sql"))


def _refuse_set_apart(connection: Connection) -> None:
    if connection.execute(statement("logins/is_set_apart")).fetchone() == (True,):
        raise RightsMissing(
            f"{connection.info.user} has the rights of its own work alone: log in as the role that the "
            "schema eventlog belongs to"
        )


def _refuse_foreign(connection: Connection) -> None:
    """Raise RightsMissing where who operates projections has made what our own statements might call."""
    found = [str(name) for (name,) in connection.execute(statement("schema/foreign"))]
    if found:
        raise RightsMissing(
            f"somebody has made, in the schema eventlog, what is not eventlog's: {', '.join(found)}. Find "
            "out who did it and why, and drop it as a superuser; nothing was changed"
        )


@contextmanager
def locked(connection: Connection) -> Iterator[None]:
    """Begin a transaction that changes the schema: READ COMMITTED, and the only one of its kind.

    By an older snapshot, whoever waited for the lock would not see what its holder did.
    Raises RightsMissing.
    """
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    try:
        with connection.transaction():
            connection.execute(statement("migrate/begin"))
            yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise RightsMissing(
            f"{first_line(error)}: log in as the role that the schema eventlog belongs to, or have a "
            "superuser hand it over to yours (docs/operating.md)"
        ) from error


def needed_rights(connection: Connection) -> list[Needed]:
    """Return what an administrator has to run before this session's role can migrate."""
    return connection.cursor(row_factory=class_row(Needed)).execute(statement("migrate/rights")).fetchall()


def require_rights(connection: Connection) -> None:
    """Raise RightsMissing where only somebody else can make our roles, or let us make schemas."""
    needed = needed_rights(connection)
    if needed:
        raise RightsMissing(
            f"{needed[0].role} may not prepare database {needed[0].database}. Have an administrator of the "
            f"server run this, then `eventlog migrate` again: {statements_of(needed)}"
        )


def statements_of(needed: list[Needed]) -> str:
    """Return the statements in one line that can be pasted."""
    return " ".join(f"{each.statement};" for each in needed)


def refuse_unsuitable_server(connection: Connection) -> None:
    """Raise SchemaMismatch where PostgreSQL is too old or does not speak UTF-8."""
    server = (
        connection.cursor(row_factory=class_row(ServerFeatures))
        .execute(statement("migrate/server"))
        .fetchone()
    )
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
            _apply(connection, migration, path)
            connection.execute(statement("migrate/record"), msgspec.structs.asdict(migration))
            missing.append(migration.name)
        elif done.checksum != migration.checksum:
            raise SchemaMismatch(f"{migration.name} is not the file that was applied: migrations are frozen")
    return missing


def _apply(connection: Connection, migration: Migration, path: Path) -> None:
    try:
        connection.execute(read_sql(path))
    except (
        psycopg.errors.UndefinedObject,
        psycopg.errors.UndefinedTable,
        psycopg.errors.DuplicateTable,
    ) as error:
        raise LogIncomplete(
            f"the log is not whole ({migration.name} does not fit it: {first_line(error)}), {RESTORE}"
        ) from error


def _fix_partitions(connection: Connection, wanted: int | None) -> None:
    row = connection.execute(
        statement("migrate/create_partitions"), {"wanted": wanted or PARTITIONS_DEFAULT}
    ).fetchone()
    assert row is not None
    (there,) = row
    refuse_other_partitions(wanted, there)


def refuse_other_partitions(wanted: int | None, present: int) -> None:
    """Raise SettingsError when the setting is not what was fixed at the first migrate."""
    if wanted is not None and wanted != present:
        raise SettingsError(
            f"EVENTLOG_PARTITIONS is {wanted}, but this log has had {present} partitions since its first "
            f"migrate, and their number cannot change: unset it, or set it to {present}"
        )


def schema_state(connection: Connection) -> SchemaState:
    """Return the schema that is there.

    Raises SchemaMismatch where it is missing, older or newer than this code's; LogIncomplete.
    """
    newest = migrations()[-1][0].version
    try:
        state = (
            connection.cursor(row_factory=class_row(SchemaState))
            .execute(statement("migrate/state"))
            .fetchone()
        )
    except psycopg.errors.UndefinedTable:
        raise SchemaMismatch(
            "there is no event log in this database yet, or a part of one: run `eventlog migrate`"
        ) from None
    assert state is not None
    if state.schema_version != newest:
        mend = "run `eventlog migrate`" if (state.schema_version or 0) < newest else "upgrade eventlog"
        raise SchemaMismatch(
            f"the database is at schema {state.schema_version}, this code needs {newest}: {mend}"
        )
    require_whole(connection)
    return state
