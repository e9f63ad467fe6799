"""The definitions in the database: each change is a further version."""

from datetime import datetime

import msgspec
import psycopg
from psycopg.rows import class_row, scalar_row

from eventlog.ingest.definition import DefinitionWrong, IngestDefinition
from eventlog.sessions.database import Connection
from eventlog.statements import statement

DEFINITIONS_MAX = 1_000


class StoredDefinition(msgspec.Struct, frozen=True):
    """A definition as it is listed."""

    name: str
    version: int
    definition: str
    created_at: datetime
    created_by: str

    def read(self) -> IngestDefinition:
        """Return what it says."""
        return msgspec.json.decode(self.definition, type=IngestDefinition)


# Its rows are StoredDefinitions.
CURRENT = statement("ingest/current")


def current(connection: Connection) -> list[StoredDefinition]:
    """Return the definitions that hold, by name."""
    cursor = connection.cursor(row_factory=class_row(StoredDefinition))
    return cursor.execute(CURRENT).fetchall()


def store(connection: Connection, name: str, definition: IngestDefinition | None, created_by: str) -> int:
    """Add a version, None to remove the definition; return its number.

    Raises DefinitionWrong, also where there is nothing to remove or there are too many.
    """
    names = [each.name for each in current(connection)]
    if definition is None and name not in names:
        raise DefinitionWrong(f"nothing is defined as {name}: see `eventlog ingest list`")
    if definition is not None:
        definition.require_sound(name)
        if name not in names and len(names) >= DEFINITIONS_MAX:
            raise DefinitionWrong(f"there are {DEFINITIONS_MAX} definitions: remove some")
    text = None if definition is None else msgspec.json.encode(definition).decode()
    try:
        row = (
            connection.cursor(row_factory=scalar_row)
            .execute(statement("ingest/insert"), {"name": name, "definition": text, "created_by": created_by})
            .fetchone()
        )
    except psycopg.errors.UniqueViolation:
        raise DefinitionWrong(f"somebody else changed {name} at the same time: try again") from None
    return int(row or 0)
