"""The content of a version, as rows that are equal for equal logs, and their hashes."""

import hashlib
from collections.abc import Sequence

import msgspec
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Identifier, Literal

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.versions import Version

SEEN = "seen"


class Hash(msgspec.Struct, frozen=True):
    """The content of one relation in one partition."""

    relation: str
    partition: int
    rows: int
    hash: str


class Difference(msgspec.Struct, frozen=True):
    """A row that only one `side` has: the "projection", or the "replay" of the log.

    position: of the delivery that the row is of; None for a sum of many.
    """

    relation: str
    partition: int
    position: int | None
    side: str
    content: str


def tables(connection: Connection, schema: str) -> list[str]:
    """Return the names of a version's tables."""
    rows = connection.execute(statement("versions/tables"), {"schema_name": schema}).fetchall()
    return [name for (name,) in rows]


def content(version: Version, names: Sequence[str]) -> Composable:
    """Return a query for the content of a version; `names` are its tables."""
    return SQL(" UNION ALL ").join([_of_tables(version, names), _of_books(version)])


def hashes(connection: Connection, version: Version, names: Sequence[str]) -> list[Hash]:
    """Return the hash of each relation and partition."""
    query = statement("verify/hashes").format(content=content(version, names))
    return connection.cursor(row_factory=class_row(Hash)).execute(query).fetchall()


def one_hash(found: Sequence[Hash]) -> str:
    """Return one hash of them all."""
    return hashlib.sha256(msgspec.json.encode(found)).hexdigest()


def _of_tables(version: Version, names: Sequence[str]) -> Composable:
    schema = Identifier(version.schema_name)
    rows = {
        name: statement("verify/table_content").format(
            name=Literal(name), schema=schema, table=Identifier(name)
        )
        for name in names
    }
    if not version.projection.has("content.sql"):
        return SQL(" UNION ALL ").join(rows.values())
    said = version.projection.statement("content.sql", version.schema_name)
    # What a projection of events has seen is part of it, though not of its own files.
    return SQL(" UNION ALL ").join([said, *(rows[name] for name in rows if name == SEEN)])


def _of_books(version: Version) -> Composable:
    return statement("verify/bookkeeping").format(
        projection=Literal(version.projection.name), version=Literal(version.number)
    )
