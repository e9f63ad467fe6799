"""The audit views, as they describe themselves."""

import msgspec

from eventlog.sessions.database import connect, translated_errors
from eventlog.statements import statement


class ViewColumn(msgspec.Struct, frozen=True):
    """A column of an audit view."""

    name: str
    type: str
    comment: str


class AuditView(msgspec.Struct, frozen=True):
    """An audit view."""

    name: str
    comment: str
    columns: list[ViewColumn]


DESCRIBE_VIEWS = statement("audit/schema")


def view_of(name: str, comment: str, columns: str) -> AuditView:
    """Return a view from a row of DESCRIBE_VIEWS, whose columns are JSON."""
    return AuditView(name, comment, msgspec.json.decode(columns, type=list[ViewColumn]))


def audit_views(dsn: str) -> list[AuditView]:
    """Return the views of a database, given its owner's address."""
    with connect(dsn, "owner", "console") as connection, translated_errors():
        return [view_of(*row) for row in connection.execute(DESCRIBE_VIEWS)]
