"""Ship files once, to the end that each has now."""

import asyncio

from publisher.errors import ShipError
from publisher.ship.content import Rewritten
from publisher.ship.desk import Desk
from publisher.ship.lane import Lane
from publisher.ship.opening import shown
from publisher.ship.targets import families

FILES_AT_ONCE = 4
REWRITTEN_TRIES = 3


async def ship_once(paths: list[str], desk: Desk) -> None:
    """Ship all files, several at once; those that rotation may have made of one path one after the other."""
    at_once = asyncio.Semaphore(FILES_AT_ONCE)

    async def ship_family(family: list[str]) -> None:
        async with at_once:
            for path in family:
                await _ship_path(path, desk)

    async with asyncio.TaskGroup() as group:
        for family in families(paths):
            group.create_task(ship_family(family))


async def _ship_path(path: str, desk: Desk) -> None:
    report = desk.report_of(path)
    for _ in range(REWRITTEN_TRIES):
        line_up, lanes = await desk.line_up(path)
        if line_up.failure is not None:
            desk.fail(path, ShipError(line_up.failure))
        if not await _ship_lanes(path, lanes, desk):
            break
    report.nothing_new = not report.records and report.failure is None and report.already_there > 0


async def _ship_lanes(path: str, lanes: list[Lane], desk: Desk) -> bool:
    """Ship each to its end; True when one was rewritten meanwhile, so that the path is looked at again."""
    rewritten = False
    for lane in lanes:
        waits = lane.file.grows and not desk.shipping.partial
        try:
            await lane.read_on()
            await (lane.close_record() if waits else lane.close_half_line())
            await lane.settle()
        except Rewritten:
            rewritten = True
        except ShipError as error:
            desk.fail(path, error)
        finally:
            await lane.stop()
            desk.release(lane)
    if desk.report_of(path).waiting_bytes:
        desk.talk.say(f"{shown(path)}: its last line has no end yet and waits; --partial ships it as it is")
    return rewritten
