"""Run `eventlog ship` in a terminal: progress, refused lines, signals."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

import uvloop

from eventlog.terminal.progress import Meter
from eventlog.tls.access import Access
from publisher.client import Client
from publisher.ship.outgoing import RefusedLine
from publisher.ship.positions import Positions
from publisher.ship.report import ShipReport
from publisher.ship.ship import ship
from publisher.ship.shipping import Shipping, Talk

RETRY_NOTICE_SECONDS = 30.0
CONNECTIONS = 16


def run(paths: list[str], shipping: Shipping, url: str, positions: Positions, access: Access) -> ShipReport:
    """Ship until the end; a SIGTERM while following is a clean end too, and gives the report so far."""
    return uvloop.run(_run(paths, shipping, url, positions, access))


async def _run(
    paths: list[str], shipping: Shipping, url: str, positions: Positions, access: Access
) -> ShipReport:
    total = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    with Meter("shipping", total or None, "bytes") as meter:
        talk = _talk(meter, shipping.follow)
        # Following has no end to reach, so an API that is away is waited for.
        async with Client(
            url,
            access=access,
            connections=CONNECTIONS,
            attempts_max=None if shipping.follow else 10,
            deadline_seconds=None if shipping.follow else 60.0,
            on_retry=_notice_of_retries(talk),
        ) as client:
            return await _until_asked_to_stop(paths, shipping, client, positions, talk)


async def _until_asked_to_stop(
    paths: list[str], shipping: Shipping, client: Client, positions: Positions, talk: Talk
) -> ShipReport:
    report = ShipReport()
    task = asyncio.ensure_future(ship(paths, shipping, client, positions, talk, report))
    if shipping.follow:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is None or current.cancelling():
            raise  # Ctrl-C: ours to pass on
        return report


def _talk(meter: Meter, follow: bool) -> Talk:
    done: dict[str, int] = {}

    def say(text: str) -> None:
        meter.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def refused(line: RefusedLine) -> None:
        say(f"{line.path}:{line.line_number}: {line.code}: {line.detail}")

    def read(path: str, position: int) -> None:
        done[path] = position
        if not follow:
            meter.show(sum(done.values()))

    return Talk(say, refused, read)


def _notice_of_retries(talk: Talk) -> Callable[[str, float], None]:
    """Say at once that the API refuses or is away, then only now and then."""
    last = -RETRY_NOTICE_SECONDS

    def notice(reason: str, wait: float) -> None:
        nonlocal last
        if time.monotonic() - last >= RETRY_NOTICE_SECONDS:
            last = time.monotonic()
            talk.say(f"trying again: {reason}")

    return notice
