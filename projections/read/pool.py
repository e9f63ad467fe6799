"""A pool of sessions for reads: opened when they are wanted, up to a bound, and kept for the next reads.

A read need not hear of it that its session had ended while nobody used it: by a restart of PostgreSQL, by an
administrator, by a pooler. A session that has ended has said so, on a socket that is silent otherwise, and
is not lent; one that ends during a read has the read begin again, once, on another.

No library's: psycopg_pool opens sessions again in the background, later each time, and so had reads fail for
up to two minutes after a database had come back; and it waits a second for each session that it finds dead.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.database import has_ended_idle, has_ended_session
from projections.read.session import ReadSession, forget_plans, open_reader

T = TypeVar("T")

# How long a read waits for a session that others have, before it is answered 503.
TURN_SECONDS_MAX = 2.0
# How long a read waits for the server: longer than a statement of a reader may take.
READ_SECONDS_MAX = 40.0
IDLE_SECONDS_MAX = 600.0


class Idle(NamedTuple):
    """A session that nobody uses, and since when."""

    reader: ReadSession
    since: float


class ReaderPool:
    """Lends sessions for reads on one event loop."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._turns = asyncio.Semaphore(size)
        self._idle: deque[Idle] = deque()
        self._closed = False

    async def read(self, reading: Callable[[ReadSession], Awaitable[T]]) -> T:
        """Run a read in a session of its own; it may run twice.

        Raises psycopg.Error and DatabaseUnavailable.
        """
        again = False
        while True:
            async with self.lent() as reader, answered_in_time():
                try:
                    return await _read_by(reader, reading)
                except psycopg.Error as error:
                    if again or not has_ended_session(error, reader):
                        raise
            again = True

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[ReadSession]:
        """Lend a session, in autocommit. Raises DatabaseUnavailable where none is to be had."""
        try:
            async with asyncio.timeout(TURN_SECONDS_MAX):
                await self._turns.acquire()
        except TimeoutError:
            raise DatabaseUnavailable(
                "no session was free in time: as many reads run as may at once"
            ) from None
        try:
            reader = await self._alive() or await open_reader(self._dsn, "read")
            try:
                yield reader
            finally:
                await self._take_back(reader)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """End the sessions: idle ones now, lent ones when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().reader.close()

    async def _alive(self) -> ReadSession | None:
        """Return the session that was used last, of those that have not ended."""
        while self._idle:
            reader = self._idle.pop().reader
            if not has_ended_idle(reader):
                return reader
            await reader.close()
        return None

    async def _take_back(self, reader: ReadSession) -> None:
        if self._closed or reader.pgconn.transaction_status != TransactionStatus.IDLE:
            await reader.close()
            return
        self._idle.append(Idle(reader, time.monotonic()))
        while self._idle[0].since < time.monotonic() - IDLE_SECONDS_MAX:
            await self._idle.popleft().reader.close()


async def _read_by(reader: ReadSession, reading: Callable[[ReadSession], Awaitable[T]]) -> T:
    try:
        return await reading(reader)
    except psycopg.errors.FeatureNotSupported:
        # Another version went live, and the plans of this session are of the old one.
        await forget_plans(reader)
        return await reading(reader)


@asynccontextmanager
async def answered_in_time() -> AsyncIterator[None]:
    """Give a read up that gets no answer; its session is closed."""
    try:
        async with asyncio.timeout(READ_SECONDS_MAX):
            yield
    except TimeoutError:
        raise DatabaseUnavailable(f"a read got no answer within {READ_SECONDS_MAX:g} s") from None
