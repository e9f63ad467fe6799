"""Read what the projections set aside, by cause."""

import msgspec

from eventlog.read.moments import rfc3339
from eventlog.read.session import Reader
from eventlog.statements import statement

EXAMPLES = 10


class Cause(msgspec.Struct, frozen=True):
    """Why deliveries are in quarantine, how many, since when, and the latest few of them."""

    projection: str
    sqlstate: str
    cause: str
    deliveries: int
    first_at: str
    last_at: str
    latest: list[str]


async def quarantined(connection: Reader, topic: str | None, limit: int) -> list[Cause]:
    """Return the causes, the one with the most deliveries first; of one topic, or of all."""
    parameters = {"topic": topic, "limit": limit, "examples": EXAMPLES}
    rows = await (await connection.execute(statement("read/quarantine"), parameters)).fetchall()
    return [
        Cause(projection, sqlstate, cause, deliveries, rfc3339(first_at), rfc3339(last_at), latest)
        for projection, sqlstate, cause, deliveries, first_at, last_at, latest in rows
    ]
