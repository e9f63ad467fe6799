"""The life of a version: created beside the live one, filled, keyed, claimed, live, retired, gone.

Each version has a schema of its own, and its number never comes back. Which one is live is a row of
`projections`; people read it through stable views, which point at its schema.

Every function but `retire`, `retire_soon` and `discard` joins the caller's transaction.
"""

import time
from collections.abc import Callable

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import Identifier

from eventlog.audit.install import remove_left
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.errors import ProjectionInUse
from projections.projection import Projection

# How long a change waits for readers; new ones queue up behind it meanwhile.
LOCK_TIMEOUT_MILLISECONDS = 100
# How long the readers of a version that is no longer live are waited for.
RETIRE_SECONDS = 5.0


class Version(msgspec.Struct, frozen=True):
    """One version of a projection. The number -1 is a replay that is never committed."""

    projection: Projection
    number: int
    schema_name: str

    @property
    def key(self) -> dict[str, object]:
        """The parameters that name it in a statement."""
        return {"projection": self.projection.name, "version": self.number}


class Unfinished(msgspec.Struct, frozen=True):
    """A version that a rebuild left behind."""

    version: int
    schema_name: str
    definition: str
    keyed: bool
    claimed: bool


class Live(msgspec.Struct, frozen=True):
    """Which version is live; all None while the projection is dropped."""

    live_version: int | None
    schema_name: str | None
    definition: str | None


class Retired(msgspec.Struct, frozen=True):
    """A version that was live once, and whether a snapshot is left that may read it."""

    version: int
    schema_name: str
    needed: bool


def create(connection: Connection, projection: Projection) -> Version:
    """Create the next version: its schema and its tables, without keys and claims."""
    row = connection.execute(statement("versions/next"), {"projection": projection.name}).fetchone()
    assert row is not None
    (number,) = row
    version = Version(projection, number, f"{projection.name}_{number}")
    connection.execute(
        statement("versions/add"),
        {**version.key, "schema_name": version.schema_name, "definition": projection.definition},
    )
    _create_tables(connection, version)
    return version


def create_tables(connection: Connection, version: Version) -> None:
    """Create the schema of a version with its tables, anew."""
    connection.execute(statement("versions/drop_schema").format(schema=Identifier(version.schema_name)))
    _create_tables(connection, version)


def _create_tables(connection: Connection, version: Version) -> None:
    schema = Identifier(version.schema_name)
    connection.execute(statement("versions/create_schema"), {"schema_name": version.schema_name})
    connection.execute(version.projection.statement("tables.sql", version.schema_name))
    connection.execute(statement("versions/grant").format(schema=schema))


def add_keys(connection: Connection, version: Version) -> None:
    """Make the keys and indexes of a version that is filled."""
    if version.projection.has("keys.sql"):
        connection.execute(version.projection.statement("keys.sql", version.schema_name))


def live(connection: Connection, name: str) -> Live:
    """Return which version is live, and keep it so until the transaction ends."""
    cursor = connection.cursor(row_factory=class_row(Live))
    found = cursor.execute(statement("versions/lock_projection"), {"projection": name}).fetchone()
    assert found is not None
    return found


def unfinished(connection: Connection, name: str) -> list[Unfinished]:
    """Return what rebuilds left behind, the newest first."""
    cursor = connection.cursor(row_factory=class_row(Unfinished))
    return cursor.execute(statement("versions/unfinished"), {"projection": name}).fetchall()


def discard(
    connection: Connection,
    name: str,
    version: int,
    schema: str,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Remove a version that is not live: its tables, claims, steps and quarantine.

    A transaction of its own, that begins with `begin`.
    Raises ProjectionInUse, and psycopg's LockNotAvailable while somebody reads its tables.
    """
    with connection.transaction():
        begin()
        set_lock_timeout(connection, LOCK_TIMEOUT_MILLISECONDS)
        connection.execute(statement("versions/lock_schema"))
        remove(connection, name, version, schema)


def remove(connection: Connection, name: str, version: int, schema: str) -> None:
    """Remove a version as `discard`, in the caller's transaction."""
    if _is_asked(connection, schema):
        raise psycopg.errors.LockNotAvailable(f"questions in SQL read {schema} still")
    connection.execute(statement("versions/drop_schema").format(schema=Identifier(schema)))
    connection.execute(statement("versions/forget"), {"projection": name, "version": version})


def give_up_live(connection: Connection, name: str, version: int, schema: str) -> None:
    """Have the live version be none, in the caller's transaction; `retire` removes it.

    Raises ProjectionInUse where others have views on its tables.
    """
    _is_asked(connection, schema)
    connection.execute(statement("versions/give_up"), {"projection": name, "version": version})


def _is_asked(connection: Connection, schema: str) -> bool:
    """Say whether questions in SQL read a version's tables. Raises ProjectionInUse for views of others."""
    left = remove_left(connection)
    dependents = connection.execute(statement("versions/dependents"), {"schema_name": schema}).fetchall()
    others = [f"{owner}.{view}" for owner, view in dependents if owner not in left]
    if others:
        raise ProjectionInUse(schema, others)
    return bool(dependents)


def retire_soon(connection: Connection, name: str) -> list[str]:
    """Do as `retire` until nothing is left, for a while; return the schemas that stay."""
    deadline = time.monotonic() + RETIRE_SECONDS
    while (kept := retire(connection, name)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return kept


def retire(connection: Connection, name: str) -> list[str]:
    """Remove the versions that were live once and that nobody can see any more.

    Each in a transaction of its own; returns the schemas that have to stay for now.
    """
    with connection.transaction():
        set_lock_timeout(connection, LOCK_TIMEOUT_MILLISECONDS)
        remove_left(connection)
    cursor = connection.cursor(row_factory=class_row(Retired))
    kept = []
    for old in cursor.execute(statement("versions/retired"), {"projection": name}).fetchall():
        try:
            if old.needed:
                kept.append(old.schema_name)
            else:
                discard(connection, name, old.version, old.schema_name)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, ProjectionInUse):
            kept.append(old.schema_name)
    return kept


def set_lock_timeout(connection: Connection, milliseconds: int) -> None:
    """Let each lock of this transaction wait no longer; 0 waits for ever."""
    connection.execute(statement("versions/lock_timeout"), {"milliseconds": str(milliseconds)})
