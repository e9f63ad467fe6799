"""The stable views of a projection: made from its views.sql, and never in the place of somebody else's."""

import msgspec
from psycopg.rows import class_row

from eventlog.database import Connection
from eventlog.statements import statement
from projections.projection import Projection


class NameTaken(Exception):
    """A projection's views.sql would replace or remove views that are not its own."""


class View(msgspec.Struct, frozen=True):
    """A view in the schema eventlog; own: it reads tables of the projection that is asked about."""

    name: str
    text: str
    own: bool


def point_views(connection: Connection, projection: Projection, schema: str) -> None:
    """Point a projection's stable views at one version, in the caller's transaction.

    Raises NameTaken: roll back then.
    """
    if not projection.has("views.sql"):
        return
    others = {view.name: view.text for view in _views(connection, projection) if not view.own}
    connection.execute(projection.statement("views.sql", schema))
    after = {view.name: view.text for view in _views(connection, projection)}
    taken = sorted(name for name, text in others.items() if after.get(name) != text)
    if taken:
        raise NameTaken(f"views.sql of {projection.name} would replace {', '.join(taken)}: rename the view")


def _views(connection: Connection, projection: Projection) -> list[View]:
    cursor = connection.cursor(row_factory=class_row(View))
    return cursor.execute(statement("projections/views"), {"projection": projection.name}).fetchall()
