"""Where a shipper under test works: a peer, a folder, and what the shipper says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.client import Client
from publisher.ship.outgoing import RefusedLine
from publisher.ship.positions import Positions
from publisher.ship.report import ShipReport
from publisher.ship.ship import ship
from publisher.ship.shipping import Shipping, Talk
from tests.publisher.peer import Peer, running_peer

DEADLINE_SECONDS = 10.0


@dataclass
class Desk:
    """A peer, a folder for files and one for positions, and what the shipper said."""

    peer: Peer
    folder: Path
    said: list[str] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    async def ship(self, *paths: Path | str, **flags: Any) -> ShipReport:
        talk = Talk(self.said.append, self.refused.append, lambda path, position: None)
        attempts = None if flags.get("follow") else 3
        async with Client(self.peer.url, attempts_max=attempts) as client:
            shipping = Shipping(**flags)
            positions = Positions(self.folder / "positions", shipping.way(self.peer.url))
            try:
                return await ship([str(path) for path in paths], shipping, client, positions, talk)
            finally:
                positions.close()

    @asynccontextmanager
    async def following(self, path: Path | str, **flags: Any) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.ship(path, follow=True, **flags))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def lines(self) -> list[str]:
        """Return the lines that came in, in order, repeats included."""
        payloads = [event["payload"] for event in self.peer.events]
        return [payload["line"] for payload in payloads if isinstance(payload, dict)]

    def ids(self) -> list[object]:
        return [event["event_id"] for event in self.peer.events]

    async def until_count(self, count: int) -> None:
        """Wait until so many events came in."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(self.peer.events) < count:
                await asyncio.sleep(0.01)

    async def until(self, *lines: str) -> None:
        """Wait until exactly these lines came in."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while self.lines() != list(lines):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{self.lines()} is not {list(lines)}; said: {self.said}") from None


def at_desk(folder: Path, use: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with running_peer() as peer:
            await use(Desk(peer, folder))

    asyncio.run(run())


def numbered(first: int, end: int) -> bytes:
    return b"".join(b"2025-10-21 10:00:00 line %d\n" % n for n in range(first, end))


def texts(first: int, end: int) -> list[str]:
    return numbered(first, end).decode().splitlines()
