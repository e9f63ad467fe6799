"""The stable views of a projection: made from its views.sql, and never in the place of somebody else's."""

import re
from hashlib import sha256

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier, Literal

from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.errors import ProjectionInUse
from projections.projection import Projection


class NameTaken(EventlogError):
    """A projection's views.sql would replace or remove views that are not its own."""


class ProjectionView(msgspec.Struct, frozen=True):
    """A view in the schema eventlog; own: it reads tables of the projection that is asked about."""

    name: str
    text: str
    own: bool


def point_views(connection: Connection, projection: Projection, schema: str) -> None:
    """Point a projection's stable views at one version, and say on its schema from which text.

    In the caller's transaction, which must be `eventlog.schema.migrate.locked` or hold that lock by itself.
    Raises NameTaken: roll back then.
    """
    mark = statement("views/mark").format(schema=Identifier(schema), mark=Literal(views_mark(projection)))
    connection.execute(mark)
    if not projection.has("views.sql"):
        return
    others = {view.name: view.text for view in _views(connection, projection) if not view.own}
    connection.execute(projection.statement("views.sql", schema))
    after = {view.name: view.text for view in _views(connection, projection)}
    taken = sorted(name for name, text in others.items() if after.get(name) != text)
    if taken:
        raise NameTaken(f"views.sql of {projection.name} would replace {', '.join(taken)}: rename the view")


def point_changed_views(connection: Connection, projection: Projection, schema: str) -> None:
    """Point views as `point_views`, also where their columns are others than before.

    Such a view is dropped and made anew, so the rights that others were given on it go. Raises
    ProjectionInUse when views of others are defined on it.
    """
    try:
        with connection.transaction():
            point_views(connection, projection, schema)
    except psycopg.errors.InvalidTableDefinition:
        own = [Identifier("eventlog", view.name) for view in _views(connection, projection) if view.own]
        try:
            connection.execute(statement("views/drop").format(views=SQL(", ").join(own)))
        except psycopg.errors.DependentObjectsStillExist as error:
            raise ProjectionInUse(schema, (error.diag.message_detail or "views").split("\n")) from None
        point_views(connection, projection, schema)
        connection.execute(statement("views/grant"))


def views_mark(projection: Projection) -> str:
    """Return what names the text of a projection's views.sql."""
    text = projection.statement("views.sql", projection.name).as_bytes(None)
    return f"projection {projection.name}; sha256 of its views.sql: {sha256(text).hexdigest()}"


def named_views(projection: Projection) -> list[str]:
    """Return the names of the stable views that a projection's views.sql makes."""
    text = projection.statement("views.sql", projection.name).as_string(None)
    return re.findall(r"\bVIEW\s+eventlog\.(\w+)\s+AS\b", text, re.IGNORECASE)


def _views(connection: Connection, projection: Projection) -> list[ProjectionView]:
    cursor = connection.cursor(row_factory=class_row(ProjectionView))
    return cursor.execute(statement("views/list"), {"projection": projection.name}).fetchall()
