"""The definitions of /ingest as this process knows them: no older than a moment when they are used."""

from collections.abc import Mapping
from time import monotonic

from psycopg.rows import class_row

from eventlog.ingest.reading import BodyReader
from eventlog.ingest.store import CURRENT, StoredDefinition
from projections.read import ReadSession
from projections.read.pool import ReaderPool

FRESH_SECONDS = 1.0


class IngestDefinitions:
    """Reads all of them again at the first use after each second."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool
        self._read_at = -FRESH_SECONDS
        self._readers: dict[str, BodyReader] = {}

    async def current(self) -> Mapping[str, BodyReader]:
        """Return what reads the bodies of each name; raises as a read does where they cannot be looked up."""
        if monotonic() - self._read_at > FRESH_SECONDS:
            began = monotonic()
            stored = await self._pool.read(_current)
            self._readers = {each.name: BodyReader(each.name, each.version, each.read()) for each in stored}
            self._read_at = began
        return self._readers


async def _current(reader: ReadSession) -> list[StoredDefinition]:
    cursor = reader.cursor(row_factory=class_row(StoredDefinition))
    return await (await cursor.execute(CURRENT)).fetchall()
