"""Wait until deliveries are projected. One poll of the database serves all who wait."""

import asyncio
from contextlib import suppress

import psycopg

from eventlog.errors import EventlogError
from projections.read.log_order import checkpoints
from projections.read.pool import ReaderPool

# A worker projects what it was woken for within a few milliseconds.
POLL_SECONDS_MIN = 0.002
POLL_SECONDS_MAX = 0.050


class ProjectionWaiter:
    """Knows how far the live core projection is, for as long as somebody wants to know."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool
        self._waiting: dict[asyncio.Future[None], dict[int, int]] = {}
        self._poller: asyncio.Task[None] | None = None

    async def wait(self, positions: dict[int, int], seconds: float) -> bool:
        """Return True once every partition is projected through its position, False when time is up."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[reached] = positions
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            await asyncio.wait_for(reached, seconds)
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(reached, None)
        return True

    async def _poll(self) -> None:
        interval = POLL_SECONDS_MIN
        while self._waiting:
            with suppress(psycopg.Error, EventlogError):  # those who wait run into their own time limit
                if await self._release():
                    interval = POLL_SECONDS_MIN
            await asyncio.sleep(interval)
            interval = min(interval * 1.5, POLL_SECONDS_MAX)

    async def _release(self) -> int:
        """Wake everybody whose positions are reached; return how many."""
        projected = await self._pool.read(checkpoints)
        reached = [
            future
            for future, positions in self._waiting.items()
            if all(projected.get(partition, 0) >= last for partition, last in positions.items())
        ]
        for future in reached:
            del self._waiting[future]
            if not future.done():
                future.set_result(None)
        return len(reached)
