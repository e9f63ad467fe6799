"""Set a database up: the schema, and the first version of each projection."""

from collections.abc import Sequence

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import Identifier

from eventlog.audit.install import install_audit
from eventlog.schema.completeness import Unreachable
from eventlog.schema.logins import is_set_apart
from eventlog.schema.migrate import locked, migrate, refuse_other_partitions, schema_state
from eventlog.sessions.database import (
    Connection,
    connect,
    connect_operator,
    is_transient,
    translate,
    translated_errors,
)
from eventlog.statements import statement
from projections import versions
from projections.custom.discovery import Discovered
from projections.projection import PROJECTIONS, Projection
from projections.quarantine.classify_error import cause_of
from projections.views import NameTaken, named_views, point_views, views_mark


class Registered(msgspec.Struct, frozen=True):
    """What the database knows of a projection; no version while it is dropped."""

    name: str
    live_version: int | None
    schema_name: str | None
    definition: str | None


class Enrolled(msgspec.Struct, frozen=True):
    """What was installed, and what could not be, a line each."""

    done: list[str]
    faults: list[str]


def install_discovered(dsn: str, discovered: Discovered) -> Enrolled:
    """Install projections of one's own, and remove what rebuilds had to leave: what follows set_up."""
    enrolled = install_own(dsn, discovered)
    clear_up(dsn, discovered.projections)
    return enrolled


def set_up(dsn: str, partitions: int | None = None) -> list[str]:
    """Migrate, then install what is missing and the audit views; return what was done, a line each.

    Any number of processes may do this at the same time. Raises as eventlog.schema.migrate.migrate.
    """
    done = [f"migration {name}" for name in migrate(dsn, partitions)]
    with connect_operator(dsn, "install") as connection, translated_errors(), locked(connection):
        done += _let_roles_in(connection)
        for projection in PROJECTIONS:
            done += _enrol(connection, projection)
        install_audit(connection)
    return done


def set_up_if_ours(dsn: str, partitions: int | None = None) -> list[str]:
    """Set up as `set_up`; where that is another login's to do, make sure that it was done.

    Raises as `set_up`, and SchemaMismatch where the owner has to migrate first.
    """
    if not is_set_apart(dsn):
        return set_up(dsn, partitions)
    with connect(dsn, "owner", "start") as connection, translated_errors():
        refuse_other_partitions(partitions, schema_state(connection).partitions)
    return []


def clear_up(dsn: str, projections: Sequence[Projection]) -> None:
    """Remove what rebuilds had to leave because somebody still saw it."""
    with connect_operator(dsn, "install") as connection, translated_errors():
        for projection in projections:
            versions.retire(connection, projection.name)


def install_own(dsn: str, discovered: Discovered) -> Enrolled:
    """Install the projections of one's own that are missing, each in a transaction of its own.

    One that is broken is a fault, and the others are installed all the same.
    """
    done: list[str] = []
    faults = list(discovered.faults)
    own = [projection for projection in discovered.projections if projection not in PROJECTIONS]
    if not own:
        return Enrolled(done, faults)
    with connect_operator(dsn, "install") as connection:
        for projection in own:
            try:
                with locked(connection):
                    done += _enrol(connection, projection)
            except (psycopg.Error, NameTaken) as error:
                if isinstance(error, psycopg.Error) and is_transient(error):
                    raise translate(error) from error
                faults.append(f"projection {projection.name} cannot be installed: {cause_of(error)}")
            else:
                faults += _outdated(connection, projection)
    return Enrolled(done, faults)


def _let_roles_in(connection: Connection) -> list[str]:
    """Give our roles anew what they need of each version: a restore where they were missing left it out."""
    cursor = connection.cursor(row_factory=class_row(Unreachable))
    closed = [
        each for each in cursor.execute(statement("projections/unreachable")).fetchall() if each.has_schema
    ]
    for version in closed:
        connection.execute(statement("versions/grant").format(schema=Identifier(version.schema_name)))
    return [f"rights on {version.schema_name}" for version in closed]


def _enrol(connection: Connection, projection: Projection) -> list[str]:
    registered = find(connection, projection.name)
    if registered is None:
        _install(connection, projection)
        return [f"projection {projection.name}"]
    if registered.definition == projection.definition_to_the_byte:
        connection.execute(statement("projections/redefine"), _defined(projection))
        registered = msgspec.structs.replace(registered, definition=projection.definition)
    connection.execute(statement("projections/want"), _defined(projection))
    if (
        registered.schema_name is not None
        # The views of another definition may need other tables: they change when it is rebuilt.
        and registered.definition == projection.definition
        and not _is_exposed(connection, projection, registered.schema_name)
    ):
        _expose(connection, projection, registered.schema_name)
    return []


def _defined(projection: Projection) -> dict[str, str]:
    return {"name": projection.name, "definition": projection.definition}


def _outdated(connection: Connection, projection: Projection) -> list[str]:
    registered = find(connection, projection.name)
    if registered is None or registered.definition in (None, projection.definition):
        return []
    return [
        f"projection {projection.name} has changed and stands still: "
        f"`eventlog rebuild {projection.name}` plays it anew"
    ]


def outdated(dsn: str) -> list[str]:
    """Return the names of our projections that another version of this code projected: they stand still."""
    with connect_operator(dsn, "install") as connection, translated_errors():
        return [each.name for each in PROJECTIONS if _outdated(connection, each)]


def find(connection: Connection, name: str) -> Registered | None:
    """Return what is registered under a name, or None."""
    return (
        connection.cursor(row_factory=class_row(Registered))
        .execute(statement("projections/find"), {"name": name})
        .fetchone()
    )


def _install(connection: Connection, projection: Projection) -> None:
    connection.execute(statement("projections/register"), {"name": projection.name})
    version = versions.create(connection, projection)
    versions.add_keys(connection, version)
    connection.execute(statement("versions/keyed"), version.key)
    connection.execute(statement("versions/add_claims"), version.key)
    _expose(connection, projection, version.schema_name)
    connection.execute(statement("projections/go_live"), version.key)
    connection.execute(statement("projections/want"), _defined(projection))


def _expose(connection: Connection, projection: Projection, schema: str) -> None:
    """Point the stable views at a version, and let the roles at both."""
    connection.execute(statement("versions/grant").format(schema=Identifier(schema)))
    point_views(connection, projection, schema)
    connection.execute(statement("views/grant"))


def _is_exposed(connection: Connection, projection: Projection, schema: str) -> bool:
    """Say whether the stable views are as they should be.

    To replace a view waits for whoever reads it, and everybody else then waits for us: not at every start.
    """
    row = connection.execute(
        statement("views/are"),
        {"schema_name": schema, "mark": views_mark(projection), "views": named_views(projection)},
    ).fetchone()
    return row == (True,)
