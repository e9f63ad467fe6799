"""Whose turn it is to ask in SQL: a few at once, and for a share of the time while publishes wait.

A statement runs at the lowest priority, and where all cores are busy it slows publishers all the same: on
two, one statement by a sixth and four by a third, and so does a loop in another program that the kernel
runs only when nobody else wants to. So while publishes wait for the writer, all statements together may run
for a share of the time, after some that is saved up: few questions are ever refused, and who asks without a
pause cannot hold up the log.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.errors import Problem
from eventlog.errors import AuditBusy

# Statements of auditors at once; their role may have no more sessions than that.
AT_ONCE_MAX = 4
# Seconds of statements that may be run at once, and how many a second there are again.
SAVED_SECONDS_MAX = 30.0
SHARE = 0.2


class Budget:
    """Seconds of statements: they are spent by those that run, and come again as time passes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running = 0
        self._saved = SAVED_SECONDS_MAX
        self._at = clock()

    def wait_seconds(self) -> float:
        """Return how long it takes until another may begin: 0 while something is saved."""
        self._settle()
        return max(0.0, -self._saved / SHARE)

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
        self._saved = min(SAVED_SECONDS_MAX, self._saved + earned)
        self._at = now


class Turns:
    """The turns of one process."""

    def __init__(self, publishes_wait: Callable[[], bool], budget: Budget | None = None) -> None:
        self._publishes_wait = publishes_wait
        self._budget = budget or Budget()
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Run a statement in this block. Raises AuditBusy, or a Problem that says when to come back."""
        if self._slots.locked():
            raise AuditBusy
        if self._publishes_wait() and (seconds := self._budget.wait_seconds()) > 0:
            raise Problem(
                503,
                "audit_busy",
                "publishes wait, and questions have had their share of the time; try again later",
                retryable=True,
                headers={"Retry-After": str(math.ceil(seconds))},
            )
        async with self._slots:
            self._budget.begin()
            try:
                yield
            finally:
                self._budget.end()
