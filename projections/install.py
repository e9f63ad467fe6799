"""Set a database up: the schema, and the first version of each projection."""

from hashlib import sha256

import msgspec
from psycopg.rows import class_row
from psycopg.sql import Identifier, Literal

from eventlog.database import Connection, connect, translated_errors
from eventlog.migrate import locked, migrate
from eventlog.statements import statement
from projections.projection import PROJECTIONS, Projection


class Registered(msgspec.Struct, frozen=True):
    """What the database knows of a projection; no version while it is dropped."""

    name: str
    live_version: int | None
    schema_name: str | None
    definition: str | None


def set_up(dsn: str, partitions: int | None = None) -> list[str]:
    """Migrate, then install what is missing; return what was done, a line each.

    Any number of processes may do this at the same time. Raises as eventlog.migrate.migrate.
    """
    done = [f"migration {name}" for name in migrate(dsn, partitions)]
    with connect(dsn, "owner", "install") as connection, translated_errors(), locked(connection):
        for projection in PROJECTIONS:
            registered = find(connection, projection.name)
            if registered is None:
                _install(connection, projection)
                done.append(f"projection {projection.name}")
            elif registered.schema_name is not None and not _is_exposed(
                connection, projection, registered.schema_name
            ):
                _expose(connection, projection, registered.schema_name)
    return done


def find(connection: Connection, name: str) -> Registered | None:
    """Return what is registered under a name, or None."""
    return (
        connection.cursor(row_factory=class_row(Registered))
        .execute(statement("projections/find"), {"name": name})
        .fetchone()
    )


def _install(connection: Connection, projection: Projection) -> None:
    version = {"name": projection.name, "version": 1}
    schema = f"{projection.name}_1"
    connection.execute(statement("projections/register"), version)
    connection.execute(
        statement("projections/add_version"),
        {**version, "schema_name": schema, "definition": projection.definition},
    )
    connection.execute(statement("projections/create_schema").format(schema=Identifier(schema)))
    connection.execute(projection.statement("tables.sql", schema))
    if projection.has("keys.sql"):
        connection.execute(projection.statement("keys.sql", schema))
    _expose(connection, projection, schema)
    connection.execute(statement("projections/go_live"), version)


def _expose(connection: Connection, projection: Projection, schema: str) -> None:
    """Point the stable views at a version, and let the roles at both."""
    connection.execute(statement("projections/grant").format(schema=Identifier(schema)))
    connection.execute(projection.statement("views.sql", schema))
    connection.execute(statement("projections/grant_views"))
    mark = Literal(_views_mark(projection))
    connection.execute(statement("projections/mark_views").format(schema=Identifier(schema), mark=mark))


def _is_exposed(connection: Connection, projection: Projection, schema: str) -> bool:
    """Say whether the stable views are as they should be.

    To replace a view waits for whoever reads it, and everybody else then waits for us: not at every start.
    """
    row = connection.execute(
        statement("projections/views_are"), {"schema_name": schema, "mark": _views_mark(projection)}
    ).fetchone()
    return row is not None and bool(row[0])


def _views_mark(projection: Projection) -> str:
    text = projection.sql("views.sql").as_bytes(None)
    return f"projection {projection.name}; sha256 of its views.sql: {sha256(text).hexdigest()}"
