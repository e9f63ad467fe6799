"""What a projection is: a name and a folder of SQL that derives tables from the log alone."""

import hashlib
from functools import cached_property
from pathlib import Path

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from eventlog.statements import SQL_DIR, read_sql

FILES = ("tables.sql", "step.sql", "quarantine.sql", "fold.sql", "views.sql")
OPTIONAL = ("keys.sql", "fill.sql", "content.sql")


class Projection(msgspec.Struct, frozen=True, dict=True):
    """A folder with these files, in which `{schema}` stands for the schema of one version.

    tables.sql: what to create.
    keys.sql, if there: keys and indexes, made after a rebuild has filled the tables.
    step.sql: one statement that projects the deliveries %(first)s … %(last)s of %(partition)s and
        returns unique_count, duplicate_count, conflict_count and quarantined_count, which add up.
    quarantine.sql: counts one delivery (%(partition)s, %(position)s, %(topic)s) that is set aside.
    fold.sql: adds up what the steps of %(partition)s left in pieces.
    views.sql: the stable names, CREATE OR REPLACE.
    fill.sql, if there: what step.sql does, for a rebuild, into tables that hold nothing of the partition
        and have no keys yet; %(set_aside)s are positions to count as quarantined and not to project.
        Whether a delivery can be digested must depend on nothing but itself.
    content.sql, if there: all rows as (relation, partition, position, content), equal for equal logs;
        otherwise the rows of all tables are compared but for a column processed_at.
    """

    name: str
    folder: Path

    def sql(self, file: str) -> SQL:
        """Return one file's text, `{schema}` as it stands."""
        return read_sql(self.folder / file)

    def statement(self, file: str, schema: str) -> Composed:
        """Return one file's statement over the tables of one version."""
        return self._text[file].format(schema=Identifier(schema))

    def has(self, file: str) -> bool:
        """Say whether an optional file is there."""
        return file in self._text

    @cached_property
    def _text(self) -> dict[str, SQL]:
        present = [file for file in OPTIONAL if (self.folder / file).exists()]
        return {file: self.sql(file) for file in (*FILES, *present)}

    @cached_property
    def definition(self) -> str:
        """sha256 of what decides the content: SQL that differs is another version."""
        digest = hashlib.sha256()
        for file in ("tables.sql", "step.sql", "quarantine.sql"):
            digest.update((self.folder / file).read_bytes())
        return digest.hexdigest()


CORE = Projection("core", SQL_DIR / "projections" / "core")
PROJECTIONS = (CORE,)
