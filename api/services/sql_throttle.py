"""Whose turn it is to ask in SQL: a few at once, and for a share of the time while much is published.

A statement runs at the lowest priority, and where all cores are busy it slows publishers all the same: on
two, one statement by a sixth and four by a third, and so does a loop in another program that the kernel
runs only when nobody else wants to. So while the writer is busy, statements run one at a time, and for a
share of the time, after some that is saved up. The others wait: few questions are ever refused, and who asks
without a pause cannot hold up the log.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from eventlog.audit.errors import AuditBusy
from eventlog.audit.limits import AT_ONCE_MAX

# Seconds of statements that are saved up or owed at the most, and how many a second come again.
SAVED_SECONDS_MAX = 10.0
SHARE = 0.2
# The writer is busy when it appends for this part of the time, measured over this many seconds or more:
# longer than publishers pause between two loads.
BUSY_SHARE = 0.2
LOOK_SECONDS = 5.0
# How long a statement waits for its turn: no longer than people look at a page without doubt.
WAIT_SECONDS_MAX = 15.0
POLL_SECONDS = 0.5


class WriterLoad:
    """Whether the writer is busy, from how long it has been appending in all."""

    def __init__(self, busy_seconds: Callable[[], float], clock: Callable[[], float]) -> None:
        self._busy_seconds = busy_seconds
        self._clock = clock
        self._busy = False
        self._before = busy_seconds()
        self._at = clock()

    def is_high(self) -> bool:
        """Say so for the time since it was last looked at."""
        seconds = self._clock() - self._at
        if seconds >= LOOK_SECONDS:
            spent = self._busy_seconds()
            self._busy = spent - self._before >= BUSY_SHARE * seconds
            self._before, self._at = spent, self._at + seconds
        return self._busy


class TimeBudget:
    """Seconds of statements: they are spent by those that run, and come again as time passes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running = 0
        self._saved = SAVED_SECONDS_MAX
        self._at = clock()

    def wait_seconds(self) -> float:
        """Return how long it takes, at least, until another may begin: 0 while something is saved."""
        self._settle()
        return POLL_SECONDS if self._running else max(0.0, -self._saved / SHARE)

    def begin(self) -> None:
        """Note that a statement begins."""
        self._settle()
        self._running += 1

    def end(self) -> None:
        """Note that one has ended."""
        self._settle()
        self._running -= 1

    def _settle(self) -> None:
        now = self._clock()
        earned = (SHARE - self._running) * (now - self._at)
        self._saved = max(-SAVED_SECONDS_MAX, min(SAVED_SECONDS_MAX, self._saved + earned))
        self._at = now


class SqlThrottle:
    """The turns of one process."""

    def __init__(
        self,
        busy_seconds: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`busy_seconds`: how long the writer has been appending in all."""
        self._clock = clock
        self._sleep = sleep
        self._load = WriterLoad(busy_seconds, clock)
        self._budget = TimeBudget(clock)
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Run a statement in this block. Raises AuditBusy, which may say when to come back."""
        if self._slots.locked():
            raise AuditBusy
        async with self._slots:
            await self._share()
            self._budget.begin()
            try:
                yield
            finally:
                self._budget.end()

    async def _share(self) -> None:
        """Wait until another statement may begin."""
        until = self._clock() + WAIT_SECONDS_MAX
        while self._load.is_high() and (seconds := self._budget.wait_seconds()) > 0:
            if self._clock() >= until:
                raise AuditBusy(after_seconds=math.ceil(seconds))
            await self._sleep(POLL_SECONDS)
