"""The audit views, as they describe themselves."""

import msgspec


class ViewColumn(msgspec.Struct, frozen=True):
    """One column of a view."""

    name: str
    type: str
    comment: str


class View(msgspec.Struct, frozen=True):
    """One view of the schema audit."""

    name: str
    comment: str
    columns: list[ViewColumn]


def view_of(name: str, comment: str, columns: str) -> View:
    """Return a view from a row of `audit/schema`, whose columns are JSON."""
    return View(name, comment, msgspec.json.decode(columns, type=list[ViewColumn]))
