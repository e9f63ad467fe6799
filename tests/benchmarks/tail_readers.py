"""Many readers of GET /events/stream in a process of their own: `python -m tests.benchmarks.tail_readers`.

It reads a plan, says "ready" once every stream has begun, and then a line with how many events there are
of each topic. When all readers have theirs, or time is up, it answers with a report. Some readers stop
reading when they have begun, until that line; they are expected to be cut off, and come back then.
"""

import asyncio
import os
import sys
import time
from array import array
from typing import cast

import msgspec
import uvloop

DATA, PARTITION, POSITION = b"\ndata: ", b'"partition":', b'"position":'
PLACE, OVERFLOW = b"event: place\n", b"event: overflow\n"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to read: so many readers of one topic each, of everything, and of everything that stop reading."""

    address: tuple[str, int]
    topics: list[str]
    of_one: int
    of_all: int
    stalled: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader has seen. `topic` is empty for all. `disorder` counts repeats and steps backwards."""

    topic: str
    events: int
    expected: int
    disorder: int
    connections: int
    told: bool
    stalled: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. Arrivals, as flat columns: moments are seconds since 1970, the others text."""

    readers: list[Seen]
    cpu_seconds: float
    partitions: list[int]
    positions: list[int]
    moments: list[float]
    received: list[str]
    processed: list[str]


class Arrivals:
    """When events arrived, at readers of one topic and at one reader of all."""

    def __init__(self) -> None:
        self.partitions = array("h")
        self.positions = array("q")
        self.moments = array("d")
        self.stamps: list[bytes] = []

    def add(self, partition: int, position: int, moment: float, stamps: bytes) -> None:
        """Note an arrival; `stamps` is the end of the event, from its position on."""
        self.partitions.append(partition)
        self.positions.append(position)
        self.moments.append(moment)
        self.stamps.append(stamps)

    def stamp(self, number: int) -> list[str]:
        """Return the received_at (1) or processed_at (2) of all arrivals."""
        return [stamps.split(b'_at":"')[number].partition(b'"')[0].decode() for stamps in self.stamps]


class Reader(asyncio.Protocol):
    """One reader. It comes back with its last id when it was cut off."""

    def __init__(self, plan: Plan, topic: str, stalled: bool, arrivals: Arrivals | None) -> None:
        self.topic = topic
        self.stalled = stalled
        self.waiting = stalled
        self.begun = asyncio.Event()
        self.events = 0
        self.disorder = 0
        self.connections = 0
        self.told = False
        self._plan = plan
        self._id = b""
        self._last: dict[int, int] = {}
        self._buffer = b""
        self._arrivals = arrivals
        self._transport: asyncio.Transport | None = None
        self._again: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open the stream, from the last id where there is one."""
        await asyncio.get_running_loop().create_connection(lambda: self, *self._plan.address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._buffer = b""
        self.connections += 1
        query = f"?topic={self.topic}" if self.topic else ""
        resume = f"Last-Event-ID: {self._id.decode()}\r\n" if self._id else ""
        self._transport.write(
            f"GET /events/stream{query} HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if self.begun.is_set():
            self._again = asyncio.ensure_future(self.connect())

    def data_received(self, data: bytes) -> None:
        """Take whole blocks. What chunks and headers add stands between them, and is passed over."""
        *blocks, self._buffer = (self._buffer + data).split(b"\n\n")
        now = time.time()
        for block in blocks:
            at = block.find(DATA)
            if at >= 0 and OVERFLOW in block:
                self.told = True
                continue
            if at >= 0 and PLACE not in block:
                self._take(block, now)
            start = block.rfind(b"id: ", 0, at if at >= 0 else len(block))
            self._id = block[start + 4 : at if at >= 0 else len(block)]
        if blocks and not self.begun.is_set():
            self.begun.set()
            if self.stalled and self._transport is not None:
                self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self.waiting = False
        if self._transport is not None:
            self._transport.resume_reading()

    def _take(self, block: bytes, now: float) -> None:
        # From the right: in front of them is the payload.
        at = block.rindex(PARTITION) + len(PARTITION)
        partition = int(block[at : block.index(b",", at)])
        at = block.index(POSITION, at) + len(POSITION)
        position = int(block[at : block.index(b",", at)])
        self.events += 1
        if position <= self._last.get(partition, 0):
            self.disorder += 1
        self._last[partition] = position
        if self._arrivals is not None:
            self._arrivals.add(partition, position, now, block[at:])


async def _serve(plan: Plan) -> Report:
    arrivals = Arrivals()
    topics = [plan.topics[number % len(plan.topics)] for number in range(plan.of_one)]
    readers = [Reader(plan, topic, False, arrivals) for topic in topics]
    readers += [Reader(plan, "", False, arrivals if number == 0 else None) for number in range(plan.of_all)]
    readers += [Reader(plan, "", True, None) for _ in range(plan.stalled)]
    for reader in readers:
        await reader.connect()
    for reader in readers:
        await reader.begun.wait()
    cpu = time.process_time()
    print("ready", flush=True)
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.readline)
    cpu = time.process_time() - cpu
    expected: dict[str, int] = msgspec.json.decode(line)
    for reader in readers:
        if reader.waiting:
            reader.resume()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and any(reader.events < expected[reader.topic] for reader in readers):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)  # whoever repeats does it now
    return Report(
        readers=[
            Seen(
                topic=reader.topic,
                events=reader.events,
                expected=expected[reader.topic],
                disorder=reader.disorder,
                connections=reader.connections,
                told=reader.told,
                stalled=reader.stalled,
            )
            for reader in readers
        ],
        cpu_seconds=cpu,
        partitions=arrivals.partitions.tolist(),
        positions=arrivals.positions.tolist(),
        moments=arrivals.moments.tolist(),
        received=arrivals.stamp(1),
        processed=arrivals.stamp(2),
    )


if __name__ == "__main__":
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_serve(plan))) + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)
