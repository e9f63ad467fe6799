"""Retry deliveries in a process of its own: what killed a worker must not kill the API."""

import asyncio
import os
import sys
from contextlib import suppress

import msgspec

from api.errors import Problem, problem_for
from eventlog.errors import DatabaseUnavailable
from eventlog.terminal import exits
from projections.quarantine.retry import Retried

# Each is a process of some 50 MiB, and plays an event while the worker of its partition waits.
AT_ONCE_MAX = 2
# How long a retry waits for its turn where AT_ONCE_MAX are under way.
TURN_SECONDS_MAX = 5.0
# A step of somebody's own may take 60 s, and a worker may be in the middle of one when we come.
SECONDS_MAX = 150.0


async def retried(turns: asyncio.Semaphore, dsn: str, delivery: str, projection: str | None) -> list[Retried]:
    """Run `eventlog quarantine retry`; return what became of the delivery, and of others of its event.

    Raises the Problem of a turn that did not come, and of a process that died or took too long: nothing has
    changed then.
    """
    try:
        await asyncio.wait_for(turns.acquire(), TURN_SECONDS_MAX)
    except TimeoutError:
        raise Problem(
            "retries_busy",
            f"{AT_ONCE_MAX} retries are under way in this process already",
        ) from None
    try:
        return await _retried(dsn, delivery, projection)
    finally:
        turns.release()


async def _retried(dsn: str, delivery: str, projection: str | None) -> list[Retried]:
    others = {name: value for name, value in os.environ.items() if name != "EVENTLOG_DSN_FILE"}
    only = () if projection is None else ("--projection", projection)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eventlog", "quarantine", "retry", delivery, "--json", *only),
        env={**others, "EVENTLOG_DSN": dsn},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    except TimeoutError:
        raise Problem("retry_too_long", f"it took longer than {SECONDS_MAX:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode == exits.UNREACHABLE:
        raise problem_for(DatabaseUnavailable("the database went away"))
    try:
        return msgspec.json.decode(output, type=list[Retried])
    except msgspec.DecodeError:
        detail = f"the process that played it again ended with {process.returncode}; nothing has changed"
        raise Problem("retry_died", detail) from None
