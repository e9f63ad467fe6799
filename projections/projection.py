"""What a projection is: a name and a folder of SQL that derives tables from the log alone."""

import hashlib
from functools import cached_property
from pathlib import Path

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from eventlog.statements import SQL_DIR, read_sql

FILES = ("tables.sql", "step.sql", "quarantine.sql", "fold.sql", "views.sql")


class Projection(msgspec.Struct, frozen=True, dict=True):
    """A folder with these files, in which `{schema}` stands for the schema of one version.

    tables.sql: what to create.
    step.sql: one statement that projects the deliveries %(first)s … %(last)s of %(partition)s and
        returns unique_count, duplicate_count, conflict_count and quarantined_count, which add up.
    quarantine.sql: counts one delivery (%(partition)s, %(position)s, %(topic)s) that is set aside.
    fold.sql: adds up what the steps of %(partition)s left in pieces.
    views.sql: the stable names, CREATE OR REPLACE.
    """

    name: str
    folder: Path

    def sql(self, file: str) -> SQL:
        """Return one file's text, `{schema}` as it stands."""
        return read_sql(self.folder / file)

    def statement(self, file: str, schema: str) -> Composed:
        """Return one file's statement over the tables of one version."""
        return self._text[file].format(schema=Identifier(schema))

    @cached_property
    def _text(self) -> dict[str, SQL]:
        return {file: self.sql(file) for file in FILES}

    @cached_property
    def definition(self) -> str:
        """sha256 of what decides the content: SQL that differs is another version."""
        digest = hashlib.sha256()
        for file in ("tables.sql", "step.sql", "quarantine.sql"):
            digest.update((self.folder / file).read_bytes())
        return digest.hexdigest()


CORE = Projection("core", SQL_DIR / "projections" / "core")
PROJECTIONS = (CORE,)
