"""A bound on reads at once: others wait for their turn, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.errors import Problem

TURN_SECONDS = 5.0


@asynccontextmanager
async def in_turn(turns: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
    """Run a block when it is its turn. Raises a Problem when that takes too long."""
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await turns.acquire()
    except TimeoutError:
        busy = "many read now; ask again in a moment, and less often"
        raise Problem("reads_busy", busy) from None
    try:
        yield
    finally:
        turns.release()
