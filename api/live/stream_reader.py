"""One reader of the stream: what it wants, and what waits to be sent to it, within bounds."""

import asyncio
import math
import time
from collections import deque

import msgspec

from api.errors import Problem
from api.live.frames import Channel, Frame
from eventlog.log.partitions import partition_of
from projections.read import Event, TopicRange, topics_like

FRAMES_MAX = 10_000
# One write to the socket; what the connection buffers beyond it is at most as much again.
WRITE_BYTES = 64 << 10


class Wanted(msgspec.Struct, frozen=True):
    """Which events: of any of these topics and prefixes, and of a source. The empty prefix is every topic."""

    topics: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    source: str | None = None

    @property
    def envelope(self) -> TopicRange:
        """The topics from the first to the last one that is wanted, others between them with it."""
        patterns = [*self.topics, *(f"{prefix}*" for prefix in self.prefixes)]
        ranges = [topics_like(pattern) for pattern in patterns]
        if len(ranges) == 1:
            return ranges[0]
        return TopicRange(min(one.low for one in ranges), max(one.high for one in ranges))

    def partitions(self, count: int) -> tuple[int, ...]:
        """Return the partitions in which such topics live, ascending."""
        if self.prefixes:
            return tuple(range(count))
        return tuple(sorted({partition_of(topic, count) for topic in self.topics}))

    def includes(self, event: Event) -> bool:
        """Say whether an event is wanted."""
        return (self.source is None or event.source == self.source) and (
            event.topic in self.topics or any(map(event.topic.startswith, self.prefixes))
        )


class Buffered:
    """The bytes that wait in all readers of a process; what several share is counted for each."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0

    @property
    def full(self) -> bool:
        """Whether somebody has to go."""
        return self.bytes > self.bytes_max


class StreamReader:
    """A buffer that the hub fills and a connection empties."""

    def __init__(self, channel: Channel, wanted: Wanted, bytes_max: int, buffered: Buffered) -> None:
        self.channel = channel
        self.wanted = wanted
        self.size = 0
        # When something was last handed to the connection, in monotonic seconds.
        self.sent_at = time.monotonic()
        self.ended: asyncio.Future[Problem | None] = asyncio.get_running_loop().create_future()
        self._bytes_max = bytes_max
        self._buffered = buffered
        self._frames: deque[Frame] = deque()
        self._ready = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Add a frame, or end the reader that has not taken enough of the earlier ones."""
        if self.ended.done():
            return
        self._frames.append(frame)
        self.size += len(frame.body)
        self._buffered.bytes += len(frame.body)
        if self.size > self._bytes_max or len(self._frames) > FRAMES_MAX:
            self.end(too_slow())
        elif not self._ready.is_set():
            self._ready.set()

    def is_due(self) -> None:
        """Have the next heartbeat sent to it."""
        self.sent_at = -math.inf

    async def take(self) -> Frame:
        """Return what is to be written next, once there is something: some frames as one."""
        while not self._frames:  # an end may have emptied it between the sign and now
            self._ready.clear()
            await self._ready.wait()
        bodies: list[bytes] = []
        size = 0
        while self._frames and size < WRITE_BYTES:
            cursor, body = self._frames.popleft()
            bodies.append(body)
            size += len(body)
        self.size -= size
        self._buffered.bytes -= size
        return Frame(cursor, body if len(bodies) == 1 else b"".join(bodies))

    def end(self, problem: Problem | None = None) -> None:
        """Let it go: nothing is kept for it any more. Why, where that is to be told."""
        self._buffered.bytes -= self.size
        self.size = 0
        self._frames.clear()
        if not self.ended.done():
            self.ended.set_result(problem)


def too_slow() -> Problem:
    """Return what a reader is told that does not keep up."""
    return Problem(
        "reader_too_slow",
        "more has arrived than was read; connect again with the last id to go on from there",
    )
