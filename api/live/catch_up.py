"""Bring a reader from a place of its own to exactly where the hub is: hub.py has the protocol."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from api.live.frames import Frame, on_one_line
from api.live.hub import HEARTBEAT_SECONDS, Hub
from api.live.stream_reader import WRITE_BYTES, StreamReader, too_slow
from api.routes.read_route import encode, read
from api.wiring import Services
from projections import read as log
from projections.read.log_order import Positions

# How many read pages at once. They take sessions of the pool that other reads need, too.
PAGES_AT_ONCE = 4
PAGE_EVENTS = 500
PAGE_BYTES = 512 << 10
# The longest that sending a page may take. A client below 50 KB/s is cut off, and goes on from its cursor.
PAGE_SECONDS = 10.0
# The most bytes of pages that are being sent; beyond it, the reader with the oldest page is cut off.
SENDING_BYTES_MAX = 32 << 20
# With no more deliveries than this to go a reader is attached: what arrives meanwhile is buffered.
NEAR_DELIVERIES = 5_000
# Before looking again for what is not there yet.
PAUSE_SECONDS = 0.1

Send = Callable[[Frame], Awaitable[None]]


class Pages:
    """The pages that the readers of a process read by themselves, a few at a time."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(PAGES_AT_ONCE)
        # In the order in which they began.
        self._sending: dict[StreamReader, int] = {}

    async def catch_up(
        self, services: Services, hub: Hub, reader: StreamReader, place: Positions, send: Send
    ) -> None:
        """Send everything from a place on, and leave the reader attached to the hub right after it."""
        while True:
            through = hub.positions
            if distance(place, through) <= NEAR_DELIVERIES and not _is_ahead(place, through):
                break
            place = await self._page(services, reader, place, through, send)
        through = await hub.attach(reader)
        while distance(place, through):
            place = await self._page(services, reader, place, through, send)

    async def _page(
        self, services: Services, reader: StreamReader, place: Positions, through: Positions, send: Send
    ) -> Positions:
        """Send a page, not beyond `through`; return the place after it. Pauses where there is none."""
        wanted = log.ByPosition(
            limit=PAGE_EVENTS,
            after=place,
            through=through,
            topics=reader.wanted.envelope,
            source=reader.wanted.source,
            bytes_max=PAGE_BYTES,
        )
        async with self._slots:
            found = await read(services, lambda session: log.page_by_position(session, wanted))
        # Without a slot: readers that take nothing would keep the others from theirs.
        self._sending[reader] = sum(len(bytes(event.payload)) for event in found.events)
        try:
            self._make_room()
            await _send_page(reader, found.events, place, send)
        finally:
            del self._sending[reader]
        if found.after == place:
            await asyncio.sleep(PAUSE_SECONDS)
        if time.monotonic() - reader.sent_at > HEARTBEAT_SECONDS:
            await send(reader.channel.heartbeat(found.after))
        return found.after

    def _make_room(self) -> None:
        """Cut off the readers with the oldest pages, where all pages together are too many bytes."""
        excess = sum(self._sending.values()) - SENDING_BYTES_MAX
        for reader, size in self._sending.items():
            if excess <= 0:
                return
            reader.end(too_slow())
            excess -= size


async def _send_page(reader: StreamReader, events: list[log.Event], place: Positions, send: Send) -> None:
    """Send the events that are wanted, each with the place after it."""
    at = dict(place)
    bodies: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            for event in events:
                at[event.partition] = event.position
                if not reader.wanted.includes(event):
                    continue
                cursor, body = reader.channel.event(encode(on_one_line(event)), at)
                bodies.append(body)
                size += len(body)
                if size >= WRITE_BYTES:
                    await send(Frame(cursor, b"".join(bodies)))
                    bodies, size = [], 0
            if bodies:
                await send(Frame(cursor, b"".join(bodies)))
    except TimeoutError:
        reader.end(too_slow())
        raise asyncio.CancelledError from None


def distance(place: Positions, through: Positions) -> int:
    """Return how many deliveries lie between a place and some positions of at least its partitions."""
    return sum(max(0, through[partition] - position) for partition, position in place.items())


def _is_ahead(place: Positions, positions: Positions) -> bool:
    return any(position > positions[partition] for partition, position in place.items())
