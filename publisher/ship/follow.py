"""Follow paths: ship what is appended, past rotation of every kind, and pick up new names.

Every file stays open as long as something may come of it, so that nothing is lost with its name. A file that
rests is looked at once a second with one system call, one that moves five times a second. What rotation did
meanwhile is found out by `rotation`, the same way as after a restart.
"""

import asyncio
import os
import resource
import time
from contextlib import suppress
from dataclasses import dataclass, field

from publisher.errors import ShipError
from publisher.ship.content import Rewritten
from publisher.ship.desk import Desk
from publisher.ship.files import place_of, version_of
from publisher.ship.lane import Lane
from publisher.ship.opening import shown
from publisher.ship.targets import Target

TICK_SECONDS = 0.2
RESTING_SECONDS = 1.0
# A file is at rest when it has not changed for this long.
ACTIVE_SECONDS = 5.0
# A line is held back this long for its stack trace; `--follow` promises an event within a second.
HOLD_BACK_SECONDS = 0.5
NEW_NAMES_SECONDS = 1.0
NEW_NAMES_SHARE = 0.015
# A deleted file may still be written to by whoever has it open.
DELETED_SECONDS = 60.0
RETIRED_MAX = 16
FILES_AT_ONCE = 16
MISSING = "missing"


@dataclass(slots=True)
class Followed:
    """One path, the file that is there, and those that were there before and are still open."""

    path: str
    lane: Lane | None = None
    retired: list[Lane] = field(default_factory=list)
    place: str = ""
    version: str = ""  # of what is at the path, when it was last read
    next_look: float = 0.0
    task: "asyncio.Task[None] | None" = None
    said_missing: bool = False
    later: bool = False  # what is at the path is another's, until that one says so


class Follower:
    """Follow targets for ever."""

    def __init__(self, targets: list[Target], desk: Desk) -> None:
        self._targets = targets
        self._desk = desk
        self._followed: dict[str, Followed] = {}
        self._at_once = asyncio.Semaphore(FILES_AT_ONCE)
        self._next_names = 0.0

    async def run(self) -> None:
        """Follow until cancelled."""
        _open_many_files()
        try:
            while True:
                self._look_for_names()
                now = time.monotonic()
                for followed in list(self._followed.values()):
                    if followed.task is not None or now >= followed.next_look:
                        self._look(followed, now)
                await asyncio.sleep(TICK_SECONDS)
        finally:
            await self._stop()

    def _look_for_names(self) -> None:
        if (began := time.monotonic()) < self._next_names:
            return
        places = {followed.place for followed in self._followed.values()}
        places |= {lane.place for followed in self._followed.values() for lane in followed.retired}
        for target in self._targets:
            with suppress(OSError):
                for path in map(os.path.abspath, target.paths()):
                    if path not in self._followed and (
                        target.kind == "file" or _place_at(path) not in places
                    ):
                        self._followed[path] = Followed(path)
        # Thousands of names take a while: no more than a small share of the time goes into looking at them.
        took = time.monotonic() - began
        self._next_names = began + max(NEW_NAMES_SECONDS, took / NEW_NAMES_SHARE)

    def _look(self, followed: Followed, now: float) -> None:
        """Start on a path if anything there has changed; costs one system call if nothing has."""
        if followed.task is not None:
            if not followed.task.done():
                return
            task, followed.task = followed.task, None
            task.result()
        if now < followed.next_look:
            return
        if self._has_changed(followed):
            followed.next_look = now
            followed.task = asyncio.ensure_future(self._advance(followed))
        else:
            last = followed.lane.last_data if followed.lane else 0.0
            rests = now - last > ACTIVE_SECONDS
            followed.next_look = now + (RESTING_SECONDS if rests else 0.0)

    def _has_changed(self, followed: Followed) -> bool:
        place, version = _at(followed.path, links=self._desk.shipping.links)
        if (place, version) != (followed.place, followed.version):
            return True
        if followed.lane is not None and followed.lane.holds:
            return time.monotonic() - followed.lane.last_data > HOLD_BACK_SECONDS
        return any(_retired_has_changed(lane) for lane in followed.retired)

    async def _advance(self, followed: Followed) -> None:
        async with self._at_once:
            place, version = _at(followed.path, links=self._desk.shipping.links)
            try:
                for lane in list(followed.retired):
                    await self._read_retired(followed, lane)
                if followed.lane is None:
                    await self._begin(followed, place)
                elif not followed.lane.file.offset or not await self._read(followed.lane):
                    # An empty file that was written, copied and emptied looks as if it had only been written.
                    self._release(followed.lane)
                    followed.lane = None
                    await self._begin(followed, place)
                elif place != followed.place and place != MISSING:
                    await self._close(followed.lane)
                    self._retire(followed)
                    await self._begin(followed, place)
            except ShipError as error:
                self._desk.fail(followed.path, error)
                if followed.lane is not None:
                    self._release(followed.lane)
                followed.lane = None
            followed.version = "" if followed.later else version
            if place != MISSING or followed.lane is None:
                followed.place = place

    async def _begin(self, followed: Followed, place: str) -> None:
        """Ship what has been at the path meanwhile, then go on with what is there now."""
        if place == MISSING:
            if not followed.said_missing:
                self._desk.talk.say(f"{shown(followed.path)}: is not there yet; waiting for it")
            followed.said_missing = True
            return
        line_up, lanes = await self._desk.line_up(followed.path)
        followed.later = line_up.found.later
        if line_up.failure is not None:
            self._desk.fail(followed.path, ShipError(line_up.failure))
        for lane in lanes:
            whole = await self._read(lane)
            if whole and lane.file is line_up.current:
                followed.lane = lane
            elif whole:
                await self._close(lane)
                followed.retired.append(lane)
            else:
                self._release(lane)
                followed.next_look = 0.0

    async def _read(self, lane: Lane) -> bool:
        """Ship what is there; False when the content was replaced, so that this is another file."""
        try:
            await lane.read_on()
        except Rewritten:
            await self._close(lane)
            return False
        if lane.holds and time.monotonic() - lane.last_data > HOLD_BACK_SECONDS:
            await lane.close_record()
        await lane.settle()
        return True

    async def _close(self, lane: Lane) -> None:
        """Send what is held back before the next file's records go out."""
        await lane.close_record()
        await lane.settle()

    def _retire(self, followed: Followed) -> None:
        """Keep the file that lost the path: whoever writes to it may not have noticed yet."""
        lane, followed.lane = followed.lane, None
        if lane is None:
            return
        with suppress(OSError):
            now_at = os.readlink(f"/proc/self/fd/{lane.file.descriptor}").removesuffix(" (deleted)")
            self._desk.rotation.more_folders.add(os.path.dirname(now_at))
        followed.retired.append(lane)
        while len(followed.retired) > RETIRED_MAX:
            self._release(followed.retired.pop(0))

    async def _read_retired(self, followed: Followed, lane: Lane) -> None:
        gone = lane.file.status.st_nlink == 0
        whole = await self._read(lane)
        if whole and not (gone and time.monotonic() - lane.last_data > DELETED_SECONDS):
            return
        if gone and whole:
            await lane.close_half_line()
            await lane.settle()
        followed.retired.remove(lane)
        self._release(lane)

    def _release(self, lane: Lane) -> None:
        lane.save()
        self._desk.release(lane)

    async def _stop(self) -> None:
        tasks = [followed.task for followed in self._followed.values() if followed.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for followed in self._followed.values():
            for lane in [*followed.retired, *([followed.lane] if followed.lane else [])]:
                await lane.stop()
                self._desk.release(lane)


def _retired_has_changed(lane: Lane) -> bool:
    status = lane.file.status
    if lane.holds and time.monotonic() - lane.last_data > HOLD_BACK_SECONDS:
        return True
    if status.st_nlink == 0 and time.monotonic() - lane.last_data > DELETED_SECONDS:
        return True
    return version_of(status) != lane.position.version


def _at(path: str, *, links: bool) -> tuple[str, str]:
    try:
        status = os.stat(path) if links else os.lstat(path)
    except OSError:
        return MISSING, ""
    return place_of(status), version_of(status)


def _place_at(path: str) -> str:
    return _at(path, links=False)[0]


def _open_many_files() -> None:
    """Allow as many open files as we may have: every followed file is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
