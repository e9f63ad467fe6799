"""The hub: one session reads what is new in the log, once, and hands it to all readers of a process.

Who holds what:

- The hub's positions say, of each partition, through which delivery everything was handed to the
  readers that are attached. They only grow, and only here: by each event that is handed out, then by
  the deliveries that were none. The step of a partition is projected in order and visible as a whole,
  so what is through its checkpoint is all there is, and reading on from there misses nothing.
- A reader is attached or not, and handing out does not wait for anything: between two events, for
  all readers at once, "everything through the hub's positions was handed out" is true. Where few topics
  are wanted the hub reads no others, so readers are attached between two looks, not during one.

A reader that comes with a place of its own meets the hub so (catch_up.py):

1. It reads pages by itself, from its place to where the hub is, until little is left.
2. It is attached: in that moment the hub is at some positions H, and everything after H goes to the
   reader's buffer from now on.
3. It reads the rest, from its place through H and not one delivery further. Then it is exactly at H.
4. It empties its buffer, which begins right after H.

So there is no gap and no repeat, however much arrives meanwhile. A place that is ahead of the hub (it
comes from another process, whose hub was faster) waits in 1. until the hub has come there.

Each frame carries the place after it: the hub's positions at its event. A place tells nothing of the
process that made it: after a crash of this one, another goes on from it.

Lost: an announcement costs POLL_SECONDS; the session, a reconnect, from the same positions. When these are
beyond the log that the new session reads, it was restored, and all readers are told and let go. When core
is dropped, all readers are told and let go. Another version going live changes nothing: it has the same
events at the same positions. What a later version or a retry takes out of quarantine is at a position
that followers have passed: they do not see it, GET /events does.

Without readers there is no session and nothing is done.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import msgspec
import psycopg
import structlog

from api.errors import Problem, problem_for
from api.live.frames import Channel, Form, Frame, on_one_line
from api.live.stream_reader import Buffered, StreamReader, Wanted, too_slow
from api.live.subscribers import Subscribers
from eventlog.errors import DatabaseUnavailable, EventlogError, LogRewound
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import first_line, translate
from projections import read as log_read
from projections.errors import ProjectionDropped
from projections.read.events import SelectedEvent, to_event
from projections.read.live import follow, news, scan_of, wait_for_news
from projections.read.log_order import Positions
from projections.read.pool import answered_in_time

log = structlog.get_logger()

# The fall-back for announcements that got lost, and how soon a hub without readers ends.
POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
BEAT_SECONDS = 1.0
# How long a new reader waits for a hub that is starting, or has lost its session.
START_SECONDS = 3.0
# What waits in all readers' buffers together.
BUFFERED_BYTES_MAX = 64 << 20
# How many events are handed out before other work of the process gets its turn.
TURN_EVENTS = 64

_encode = msgspec.json.Encoder().encode


class Hub:
    """Serves the readers of one process."""

    def __init__(self, dsn: str, partitions: int, *, readers_max: int, bytes_max: int) -> None:
        self.partitions = partitions
        self._dsn = dsn
        self._readers_max = readers_max
        self._bytes_max = bytes_max
        self._buffered = Buffered(BUFFERED_BYTES_MAX)
        self._subscribers = Subscribers()
        self._channels: dict[tuple[Form, tuple[int, ...]], Channel] = {}
        self._positions: Positions = {}
        self._users = 0
        self._task: asyncio.Task[None] | None = None
        # Held while the hub looks for what those want who are attached: nobody is attached meanwhile.
        self._looking = asyncio.Lock()
        # Set while the hub reads, or cannot for a reason that lasts; _trouble is the reason.
        self._settled = asyncio.Event()
        self._trouble: Exception | None = None
        self._failures = 0

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return self._users

    @property
    def waiting_bytes(self) -> int:
        """How much waits for the readers to take it."""
        return self._buffered.bytes

    @property
    def positions(self) -> Positions:
        """Through where everything was handed out. A copy."""
        return dict(self._positions)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Keep the hub running. Raises the Problem of too many readers, or of what it cannot read."""
        if self._users >= self._readers_max:
            raise Problem(
                "too_many_streams",
                f"this process serves {self._readers_max} streams already",
            )
        self._users += 1
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            await self._started()
            yield
        finally:
            self._users -= 1

    async def _started(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), START_SECONDS)
        if not self._settled.is_set() or self._trouble is not None:
            raise problem_for(self._trouble or DatabaseUnavailable("the database does not answer"))

    def reader(self, form: Form, partitions: tuple[int, ...], wanted: Wanted) -> StreamReader:
        """Return a reader that is not attached yet."""
        channel = self._channels.setdefault((form, partitions), Channel(form, partitions))
        return StreamReader(channel, wanted, self._bytes_max, self._buffered)

    async def attach(self, reader: StreamReader) -> Positions:
        """Hand everything after the positions that are returned to the reader, from now on."""
        async with self._looking:
            self._subscribers.add(reader)
            return dict(self._positions)

    def detach(self, reader: StreamReader) -> None:
        """Hand it nothing more."""
        self._subscribers.discard(reader)
        reader.end()

    def end_all(self, problem: Problem | None = None) -> None:
        """Let all attached readers go."""
        for reader in self._subscribers.everybody():
            reader.end(problem)

    async def close(self) -> None:
        """Stop reading."""
        task = self._task
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        """Read while there are readers."""
        beating = asyncio.create_task(self._beat())
        try:
            while self._users:
                try:
                    await self._follow()
                except ProjectionDropped as error:
                    self._fail(error)
                    self._settled.set()
                    self.end_all(problem_for(error))
                except (psycopg.Error, EventlogError, OSError) as error:
                    self._fail(error)
                except Exception as error:  # a bug of ours: nobody shall wait for what does not come
                    log.exception("stream_failed", readers=self._users)
                    self._fail(error)
                    self.end_all(problem_for(error))
                if self._trouble is not None:
                    self._failures += 1
                    await asyncio.sleep(pause_seconds(self._failures))
        finally:
            beating.cancel()
            # No await from the check above to here: a later reader starts anew, at what is new then.
            self._task = None
            self._positions = {}
            self._channels.clear()
            self._trouble = None
            self._settled.clear()

    def _fail(self, error: Exception) -> None:
        self._trouble = translate(error) if isinstance(error, psycopg.Error) else error
        self._settled.clear()
        reason = first_line(error) if isinstance(error, psycopg.Error) else str(error)
        log.warning("stream_interrupted", reason=reason, readers=self._users)

    async def _follow(self) -> None:
        """Read until nobody is left; raises what ends the session."""
        async with await follow(self._dsn) as connection:
            await self._notice_a_rewound_log(connection)
            if not self._positions:
                self._positions = await log_read.ends(connection, list(range(self.partitions)))
            while self._users:
                async with answered_in_time():
                    more = await self._read(connection)
                if not more:
                    await wait_for_news(connection, POLL_SECONDS)

    async def _notice_a_rewound_log(self, connection: log_read.ReadSession) -> None:
        """Let the readers go whose log is not the one that this session reads: it was restored meanwhile."""
        try:
            await log_read.require_within(connection, self._positions)
        except LogRewound as error:
            log.warning("stream_rewound", reason=str(error), readers=self._users)
            self._positions = {}
            self.end_all(problem_for(error))

    async def _read(self, connection: log_read.ReadSession) -> bool:
        """Hand out what is new; return whether there may be more."""
        before = dict(self._positions)
        through: Positions = {}
        handed = 0
        async with self._looking, aclosing(news(connection, before, self._subscribers.topics())) as rows:
            async for row in rows:
                if row.is_place:
                    through[row.partition] = row.position
                    continue
                self._hand_out(row)
                handed += 1
                if handed % TURN_EVENTS == 0:
                    await asyncio.sleep(0)
            self._positions.update(through)
        self._trouble = None
        self._failures = 0
        self._settled.set()
        scan = scan_of(self.partitions)
        return any(position - before[partition] >= scan for partition, position in through.items())

    def _hand_out(self, row: SelectedEvent) -> None:
        """Give an event to all who want it. Each frame is made once."""
        self._positions[row.partition] = row.position
        readers = self._subscribers.of(row.topic, row.source)
        if not readers:
            return
        json = _encode(on_one_line(to_event(row)))
        frames: dict[Channel, Frame] = {}
        for reader in readers:
            frame = frames.get(reader.channel)
            if frame is None:
                frame = frames[reader.channel] = reader.channel.event(json, self._positions)
            reader.put(frame)
        while self._buffered.full:
            max(self._subscribers.everybody(), key=lambda one: one.size).end(too_slow())

    async def _beat(self) -> None:
        """Tell those who have got nothing for a while how far the log is."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            late = time.monotonic() - HEARTBEAT_SECONDS
            for reader in self._subscribers.everybody():
                if reader.sent_at < late and not reader.size:
                    reader.put(reader.channel.heartbeat(self._positions))
