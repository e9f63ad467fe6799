"""How long a key works on after it is revoked or rotated away: `python -m tests.benchmarks.revocation`.

Keys are made, used, rotated without overlap, and revoked, many at once and under their own load, on a service
of four API processes. All the while each is shown on several connections, kept ones and new ones, since these
are with different processes. Says how much later than its end the last request with a key was sent that was
accepted, and when its answer was there, which a busy disk or machine puts off. Exits 1 where one was sent
later than 2 s after.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec

from eventlog.keys import store
from eventlog.keys.presented import authorization
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import Connection, connect
from tests.benchmarks.arena import arena, prepare
from tests.benchmarks.connection import request_head, with_body
from tests.benchmarks.figures import percentiles
from tests.benchmarks.service import service
from tests.support.events import event

PROCESSES = 4
LATE_SECONDS_MAX = 2.0
# Of each key: connections at once, requests on one before the next is opened, and the pause between them.
CONNECTIONS = 4
REQUESTS = 8
PAUSE_SECONDS = 0.02
# What is accepted so much later is not looked for.
WATCHED_SECONDS = 2.5
KNOWN_SECONDS_MAX = 30.0


class Ended(msgspec.Struct, frozen=True):
    """What became of one secret: how late after its end the last accepted request was sent, and answered."""

    late_seconds: float
    answered_late_seconds: float
    requests: int
    accepted: int
    statuses: list[int]


class Shown:
    """One secret that is shown again and again, until it is watched no more."""

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self._address = address
        head = request_head("POST", "/publish", {"Content-Type": "application/json", **authorization(key)})
        self._request = with_body(head, json.dumps(event()).encode())
        self.accepted: list[tuple[float, float]] = []  # when they were sent, and answered
        self.statuses: list[int] = []
        self._tasks = [asyncio.create_task(self._show()) for _ in range(CONNECTIONS)]

    async def known(self) -> None:
        """Return when it was accepted once."""
        deadline = time.monotonic() + KNOWN_SECONDS_MAX
        while not self.accepted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"a new key is not known: {self.statuses[-3:]}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def ended(self, at: float) -> Ended:
        """Watch on for a while after its end, and say what was seen."""
        await asyncio.sleep(max(0.0, at + WATCHED_SECONDS - time.monotonic()))
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks)
        late, answered = (
            max(0.0, *(moment - at for moment in each)) for each in zip(*self.accepted, strict=True)
        )
        return Ended(late, answered, len(self.statuses), len(self.accepted), sorted(set(self.statuses)))

    async def _show(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection(*self._address)
            try:
                for _ in range(REQUESTS):
                    sent_at = time.monotonic()
                    writer.write(self._request)
                    status = await _status(reader)
                    self.statuses.append(status)
                    if status == 202:
                        self.accepted.append((sent_at, time.monotonic()))
                    await asyncio.sleep(PAUSE_SECONDS)
            except (OSError, asyncio.IncompleteReadError):
                pass  # the service closes the connection of who is refused
            finally:
                writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(head[9:12])


async def _live(owner: Connection, asking: asyncio.Lock, address: tuple[str, int]) -> list[Ended]:
    """Make a key, use it, rotate it, use that, revoke it."""
    async with asking:
        made = await asyncio.to_thread(
            lambda: store.create(owner, "short", read_scopes(["publish"]), created_by="cli")
        )
    first = Shown(address, made.key)
    await first.known()
    async with asking:
        rotated = await asyncio.to_thread(lambda: store.rotate(owner, made.id, timedelta()))
    rotated_at = time.monotonic()
    second = Shown(address, rotated.key)
    watching = asyncio.create_task(first.ended(rotated_at))
    await second.known()
    async with asking:
        await asyncio.to_thread(lambda: store.set_state(owner, made.id, "revoked"))
    return [await watching, await second.ended(time.monotonic())]


async def live_and_end(dsn: str, address: tuple[str, int], keys: int, at_once: int) -> list[Ended]:
    """Have so many keys live and end, some of them at once; return what became of their secrets."""
    turns, asking = asyncio.Semaphore(at_once), asyncio.Lock()
    with connect(dsn, "owner", "bench") as owner:

        async def one() -> list[Ended]:
            async with turns:
                return await _live(owner, asking, address)

        found = await asyncio.gather(*(one() for _ in range(keys)))
    return [ended for pair in found for ended in pair]


def first_key(dsn: str) -> None:
    """Make a key that is there before the service starts: without any it does not."""
    with connect(dsn, "owner", "bench") as owner:
        store.create(owner, "first", read_scopes(["metrics"]), created_by="cli")


def told(found: Sequence[Ended]) -> dict[str, object]:
    """Return what is found, in numbers."""
    late = sorted(each.late_seconds for each in found)
    answered = sorted(each.answered_late_seconds for each in found)
    return {
        "secrets": len(found),
        "requests": sum(each.requests for each in found),
        "accepted": sum(each.accepted for each in found),
        "statuses": sorted({status for each in found for status in each.statuses}),
        "sent_after_the_end_ms": percentiles(late),
        "answered_after_the_end_ms": percentiles(answered),
        "later_than_2_s": sum(each > LATE_SECONDS_MAX for each in late),
    }


def main() -> int:
    """Measure as the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--keys", type=int, default=1_000)
    flags.add_argument("--at-once", type=int, default=40)
    given = flags.parse_args()
    settings = {"EVENTLOG_AUTH": "required", "EVENTLOG_API_PROCESSES": str(PROCESSES)}
    with arena() as running, running.place() as place:
        first_key(place.dsn)
        with service(place.dsn, 0, settings=settings) as up:
            found = asyncio.run(live_and_end(place.dsn, up.addresses[0], given.keys, given.at_once))
    print(json.dumps(told(found)), flush=True)
    return 1 if any(each.late_seconds > LATE_SECONDS_MAX for each in found) else 0


if __name__ == "__main__":
    prepare()
    sys.exit(main())
