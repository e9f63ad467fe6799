"""What a projection is: a name and a folder of SQL or Python that derives tables from the log alone."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from eventlog.sessions.database import Connection
from eventlog.statements import SQL_DIR, read_sql, statement
from projections.delivery import Delivery
from projections.meaning import python_meaning, sql_meaning

REQUIRED = ("tables.sql",)
OPTIONAL = (
    "keys.sql",
    "step.sql",
    "quarantine.sql",
    "fold.sql",
    "views.sql",
    "fill.sql",
    "content.sql",
    "undo.sql",
)
DEFINING = ("tables.sql", "step.sql", "fill.sql", "quarantine.sql")

Apply = Callable[[list[Delivery], Connection], None]


class Projection(msgspec.Struct, frozen=True, dict=True):
    """A folder with these files, in which `{schema}` stands for the schema of one version.

    tables.sql: what to create.
    keys.sql: keys and indexes, made after a rebuild has filled the tables.
    step.sql: one statement that projects a batch. In it `{batch}` stands for the rows to project,
        with the columns of projections.delivery.Delivery.
    quarantine.sql: counts one delivery (%(partition)s, %(position)s, %(topic)s) that is set aside.
    fold.sql: adds up what the steps of %(partition)s left in pieces.
    views.sql: the stable names, CREATE OR REPLACE.
    fill.sql: what step.sql does, for a rebuild, into tables that hold nothing of the partition
        and have no keys yet; %(set_aside)s are positions to count as quarantined and not to project.
        Whether a delivery can be digested must depend on nothing but itself.
    content.sql: all rows as (relation, partition, position, content), equal for equal logs;
        otherwise the rows of all tables are compared but for a column processed_at.
    undo.sql: takes back what the step did for the events of `{batch}`; it says that the tables come out
        the same in whatever order events are played, so that one of them can be played again. With
        `each` None, for %(event_id)s of %(topic)s in %(partition)s: returns the positions that were
        projected and their counts, and takes %(quarantined)s deliveries out of what quarantine.sql counted.

    Only tables.sql and a step are needed; the step may be `apply`, in Python, instead.

    topics: those it wants, `order.*` for all that begin so; none means all. Others are ignored.
    each: "event" projects the first delivery of each event, "delivery" all of them. With None the
        step reads the log itself, of each of %(partitions)s between its %(firsts)s and %(lasts)s, and
        returns a row for each in this order: unique_count, duplicate_count, conflict_count and
        quarantined_count, which add up.
    updates: its step may change rows in place. Ours only add: rows that are updated at every step pile
        up dead versions under one long snapshot.
    code: what else decides the content: the source of `apply`.
    """

    name: str
    folder: Path
    topics: tuple[str, ...] = ()
    each: Literal["event", "delivery"] | None = "event"
    apply: Apply | None = None
    updates: bool = False
    code: bytes = b""

    def sql(self, file: str) -> SQL:
        """Return one file's text, `{schema}` as it stands; none where it is not there."""
        path = self.folder / file
        return read_sql(path) if path.exists() else SQL("")

    def statement(self, file: str, schema: str) -> SQL:
        """Return one file's statements over the tables of one version; none where it is not there."""
        # Put together once: it is the same in every step.
        made = self._made.get((file, schema))
        if made is None:
            names = {"schema": Identifier(schema), "batch": _ROWS}
            parts = Composed([part.format(**names) for part in self._text[file]])
            made = SQL(parts.as_string())
            self._made[file, schema] = made
        return made

    def has(self, file: str) -> bool:
        """Say whether an optional file is there."""
        return bool(self._text[file])

    @cached_property
    def _made(self) -> dict[tuple[str, str], SQL]:
        return {}

    @cached_property
    def _text(self) -> dict[str, list[SQL]]:
        text = {file: [self.sql(file)] for file in REQUIRED}
        for file in OPTIONAL:
            text[file] = [self.sql(file)] if (self.folder / file).exists() else []
        if self.each == "event":
            text["tables.sql"].insert(0, _SEEN)
        if self.updates:
            text["tables.sql"].append(_ALLOW_UPDATES)
        return text

    @cached_property
    def definition(self) -> str:
        """sha256 of what decides the content: what differs in it is another version.

        Comments, blanks and line ends decide nothing.
        """
        digest = hashlib.sha256(python_meaning(self.code))
        for file in DEFINING:
            if self.has(file):
                digest.update(b"\0" + sql_meaning(self.sql(file).as_string()).encode())
        digest.update(repr((self.topics, self.each)).encode())
        return digest.hexdigest()

    @cached_property
    def definition_to_the_byte(self) -> str:
        """What stood for the definition before: versions that recorded it are of these very files."""
        digest = hashlib.sha256(self.code)
        for file in DEFINING:
            if self.has(file):
                digest.update((self.folder / file).read_bytes())
        digest.update(repr((self.topics, self.each)).encode())
        return digest.hexdigest()


_SEEN = statement("batch/seen")
_ALLOW_UPDATES = statement("batch/allow_updates")
_ROWS = statement("batch/rows")

CORE = Projection("core", SQL_DIR / "projections" / "core", each=None)
TIMELINE = Projection("timeline", SQL_DIR / "projections" / "timeline", each=None)
PROJECTIONS = (CORE, TIMELINE)
