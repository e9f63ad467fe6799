"""Which live projections make no progress though there is work, or have changed and cannot."""

from typing import Any

import msgspec
from psycopg.rows import class_row

from eventlog.statements import statement
from projections.read.session import ReadSession

# A worker takes milliseconds for a step, and one of a heavy projection seconds; a hung one, for ever.
STILL_SECONDS = 30.0
WITHIN: dict[str, Any] = {"seconds": STILL_SECONDS}


class StandingStill(msgspec.Struct, frozen=True):
    """A live projection without progress, and for how long; `changed`: other code was installed since."""

    name: str
    changed: bool
    pending: int
    seconds: float

    def __str__(self) -> str:
        if self.changed:
            return f"{self.name}: its code has changed, so it stands still until it is rebuilt"
        return f"{self.name}: no step for {self.seconds:.0f} s though {self.pending:,} deliveries wait"


async def standing_still(reader: ReadSession) -> list[StandingStill]:
    """Return those that stand still now."""
    cursor = reader.cursor(row_factory=class_row(StandingStill))
    return await (await cursor.execute(statement("read/standing_still"), WITHIN)).fetchall()
