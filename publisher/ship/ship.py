"""`eventlog ship`: publish the records of real files, once or for ever."""

import asyncio
import time

from eventlog.terminal.errors import ApiUnavailable
from publisher.client import Client
from publisher.errors import ShipError
from publisher.ship.desk import Desk
from publisher.ship.follow import Follower
from publisher.ship.journal import ship_journal
from publisher.ship.names import STDIN
from publisher.ship.once import ship_once
from publisher.ship.opening import shown
from publisher.ship.pipe import ship_pipe
from publisher.ship.positions import Positions
from publisher.ship.report import ShipReport
from publisher.ship.shipping import Shipping, Talk
from publisher.ship.targets import Target, target_of

API_POLL_SECONDS = 1.0


async def ship(
    texts: list[str],
    shipping: Shipping,
    client: Client,
    positions: Positions,
    talk: Talk,
    report: ShipReport | None = None,
) -> ShipReport:
    """Ship all that the arguments mean. Raises ApiUnavailable when the API is away (not under follow).

    A report handed in is filled as it goes, for a caller that may stop this half-way.
    """
    report = report or ShipReport()
    started = time.monotonic()
    desk = Desk(shipping, client, positions, talk, report)
    targets = _targets(texts, desk)
    try:
        if targets:
            await _api_answers(client, talk, patient=shipping.follow)
            await _ship(targets, desk)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None  # it stopped the others; their positions are kept
    finally:
        report.retries = client.counters.retries
        report.seconds = time.monotonic() - started
    return report


def _targets(texts: list[str], desk: Desk) -> list[Target]:
    targets = []
    for text in texts:
        try:
            target = target_of(text)
            if target.kind in ("folder", "pattern") and not target.paths() and not desk.shipping.follow:
                raise ShipError(f"{shown(text)}: there is no file that it means")
            targets.append(target)
        except ShipError as error:
            desk.talk.say(str(error))
            desk.report.failures.append(str(error))
    return targets


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _ship(targets: list[Target], desk: Desk) -> None:
    async with asyncio.TaskGroup() as group:
        if any(target.text == STDIN for target in targets):
            group.create_task(ship_pipe(desk))
        for target in targets:
            if target.kind == "journal":
                group.create_task(ship_journal(target.text, desk))
        files = [target for target in targets if target.text != STDIN and target.kind != "journal"]
        if desk.shipping.follow and files:
            group.create_task(Follower(files, desk).run())
        elif files:
            group.create_task(ship_once([path for target in files for path in target.paths()], desk))


async def _api_answers(client: Client, talk: Talk, *, patient: bool) -> None:
    """Find out before the first line whether the API answers; a follower has time to wait."""
    said = False
    while True:
        try:
            await client.get("/livez")
        except ApiUnavailable as error:
            if not patient:
                raise
            if not said:
                talk.say(f"{error}; waiting for it")
            said = True
            await asyncio.sleep(API_POLL_SECONDS)
        else:
            return
