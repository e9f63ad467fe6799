"""Questions in SQL take turns: a few at once, and for a share of the time while much is published."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from api.errors import problem_for
from api.services.sql_throttle import (
    BUSY_SHARE,
    LOOK_SECONDS,
    SAVED_SECONDS_MAX,
    SHARE,
    WAIT_SECONDS_MAX,
    SqlThrottle,
)
from eventlog.audit.errors import AuditBusy
from eventlog.audit.limits import AT_ONCE_MAX


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def turns_while(writer_share: float, clock: Clock) -> SqlThrottle:
    """Make the turns of a process whose writer appends for such a share of the time."""
    return SqlThrottle(lambda: writer_share * clock.now, clock, clock.sleep)


async def spend(turns: SqlThrottle, clock: Clock, seconds: float) -> None:
    async with turns.turn():
        clock.now += seconds


async def refused_for(turns: SqlThrottle, clock: Clock) -> int:
    """Run a statement of ten seconds; return after how many one that is refused may come back."""
    try:
        await spend(turns, clock, 10)
    except AuditBusy as busy:
        return busy.after_seconds or 0
    return 0


def test_no_more_than_a_few_run_at_once() -> None:
    async def run() -> None:
        turns = turns_while(0.0, Clock())
        async with AsyncExitStack() as running:
            for _ in range(AT_ONCE_MAX):
                await running.enter_async_context(turns.turn())
            with pytest.raises(AuditBusy):
                await spend(turns, Clock(), 1)
        await spend(turns, Clock(), 1)

    asyncio.run(run())


def test_while_much_is_published_statements_have_a_share_of_the_time() -> None:
    async def run() -> None:
        clock = Clock()
        turns = turns_while(2 * BUSY_SHARE, clock)
        ran = 0.0
        began = clock.now
        while clock.now - began < 600:
            if seconds := await refused_for(turns, clock):
                clock.now += seconds
            else:
                ran += 10
        assert SHARE * 600 - 10 <= ran <= 2 * SAVED_SECONDS_MAX + SHARE * 600 + 10

    asyncio.run(run())


def test_while_much_is_published_one_statement_runs_and_others_wait_for_it() -> None:
    async def run() -> None:
        clock = Clock()
        turns = turns_while(2 * BUSY_SHARE, clock)
        clock.now += LOOK_SECONDS
        async with turns.turn():
            began = clock.now
            with pytest.raises(AuditBusy):
                await spend(turns, clock, 1)
            assert clock.now - began == WAIT_SECONDS_MAX
        await spend(turns, clock, 1)

    asyncio.run(run())


def test_who_comes_back_when_told_is_let_in_at_once() -> None:
    async def run() -> None:
        clock = Clock()
        turns = turns_while(2 * BUSY_SHARE, clock)
        await spend(turns, clock, SAVED_SECONDS_MAX * 2)
        with pytest.raises(AuditBusy, match="share of the time") as refused:
            await spend(turns, clock, 1)
        problem = problem_for(refused.value)
        assert (problem.status, problem.code) == (503, "audit_busy")
        clock.now += int(problem.headers["Retry-After"])
        began = clock.now
        await spend(turns, clock, 1)
        assert clock.now == began + 1  # without waiting any more

    asyncio.run(run())


def test_where_little_is_published_nobody_is_refused() -> None:
    async def run() -> None:
        clock = Clock()
        turns = turns_while(BUSY_SHARE / 2, clock)
        for _ in range(100):
            await spend(turns, clock, 10)

    asyncio.run(run())
