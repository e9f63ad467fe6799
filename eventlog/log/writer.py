"""Group commit: one thread appends what all requests of this process brought meanwhile.

A request that arrives while a flush is under way joins the next one; a flush starts as soon as the
writer is free, never by a timer. Every caller is answered after the commit, or told that it failed.

- The thread has a connection of its own, so the event loop never waits for PostgreSQL.
- The queue is bounded, in events and in bytes: beyond, QueueFull, at once.
- Keys take turns, so that who sends much keeps nobody out: eventlog/log/fair_queue.py.
- A caller that goes away takes nothing with it: its deliveries are appended, its answer is dropped.
- When the database is away, callers are told at once, and it is tried again after a back-off.
- If content slips through that PostgreSQL refuses, each request of that flush is appended alone, so
  that only the one at fault fails.
- Before the disk is full, nothing is appended: eventlog/log/disk_room.py.
- A flush that waits too long for the order lock frees itself: eventlog/sessions/lock_watch.py.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, MutableSequence, Sequence
from contextlib import suppress
from copy import copy
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import psycopg
import structlog

from eventlog.errors import (
    ContentRefused,
    DatabaseUnavailable,
    EventlogError,
    LogSubscribed,
    OutcomeUnknown,
    QueueFull,
)
from eventlog.failpoints import hit
from eventlog.log.append import Deliveries, PositionRange, append_durably
from eventlog.log.disk_room import DiskRoom
from eventlog.log.fair_queue import FairQueue, SharedBound
from eventlog.log.flushes import Flushes
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import connect, first_line, has_ended_idle, translate
from eventlog.sessions.lock_watch import APPEND_SECONDS_MAX, LockWatch
from eventlog.sessions.replication_guard import SubscriptionWatch
from eventlog.sessions.session_check import Session
from eventlog.sessions.wire import run
from eventlog.statements import statement

log = structlog.get_logger()

# One flush takes at most this many events: 20 ms of COPY, and what waits behind it waits that long.
FLUSH_EVENTS_MAX = 5_000
# An append that succeeded so lately shows that the next one will.
SHOWN_SECONDS = 1.0
# PostgreSQL commits locally and warns with this when the wait for a synchronous standby was ended.
NOT_REPLICATED = "01000"


NOTHING = Deliveries([], [], {}, 0)

# Told on the event loop where the deliveries lie, once they are durable, or why they are not.
Answer = Callable[[list[PositionRange] | Exception], None]


class Request(NamedTuple):
    """What one caller handed over, and how it is answered."""

    deliveries: Deliveries
    answer: Answer

    @property
    def owner(self) -> str | None:
        """Whose turn it takes."""
        return self.deliveries.publisher

    @property
    def events(self) -> int:
        """How many events it holds."""
        return self.deliveries.count


class Writer:
    """The append side of one process. Made and used on one event loop; the thread is its own."""

    def __init__(
        self,
        dsn: str,
        *,
        queue_events_max: int,
        queue_bytes_max: int,
        sizes: MutableSequence[int] | None = None,
        number: int = 0,
        volumes: Sequence[Path] = (),
    ) -> None:
        """Make a writer and start its thread.

        sizes: the queues of several processes, in events; this one's is that of its number.
        volumes: folders that the server fills; nothing is appended while one is nearly full.
        """
        self._dsn = dsn
        self._sizes = [0] if sizes is None else sizes
        self._number = number
        self._events_max = queue_events_max
        self._bytes_max = queue_bytes_max
        self._queued_bytes = 0
        self._shares = SharedBound(queue_bytes_max)
        self._loop = asyncio.get_running_loop()
        self._queue: FairQueue[Request] = FairQueue()
        self._changed = threading.Condition()
        self._stopping = False
        self._connection: Session | None = None
        self._not_before = 0.0
        self._failures = 0
        self._away = DatabaseUnavailable("not connected yet")
        self._warned = False
        self._trouble: str | None = None
        self._succeeded_at = -SHOWN_SECONDS
        self._room = DiskRoom(volumes)
        self.flushes = Flushes()
        self.appended = threading.Event()  # set after each commit; whoever wakes readers clears it
        self._thread = threading.Thread(target=self._run, name="eventlog-writer", daemon=True)
        self._lock_watch = LockWatch(dsn)
        self._subscription = SubscriptionWatch("eventlog.inbox")
        self._thread.start()

    @property
    def queue_size(self) -> int:
        """Events that wait for the writer or are being appended."""
        return self._sizes[self._number]

    def require_room(self, owner: str | None = None) -> None:
        """Raise QueueFull unless there is room for an owner: the id of a key, or None.

        Where there is any, a request is taken whole: so what is read after this is not read in vain, and
        none is too large for ever.
        """
        waiting, share = self.queue_size, self._shares.share_open_to(owner)
        if self._queue and (
            waiting >= share * self._events_max or self._queued_bytes >= share * self._bytes_max
        ):
            raise QueueFull(f"{waiting} events ({self._queued_bytes} bytes) wait for the writer already")

    def submit(self, deliveries: Deliveries) -> asyncio.Future[list[PositionRange]]:
        """Hand deliveries to the writer; the future says where they lie once they are durable.

        Raises as hand_over, or through the future OutcomeUnknown, DatabaseUnavailable, DiskFull.
        """
        answer: asyncio.Future[list[PositionRange]] = self._loop.create_future()
        self.hand_over(deliveries, partial(_settle, answer))
        return answer

    def hand_over(self, deliveries: Deliveries, answer: Answer) -> None:
        """Hand deliveries to the writer, which calls `answer` on the event loop, whatever became of them.

        Raises QueueFull, and DatabaseUnavailable while this process shuts down; then nothing was taken.
        """
        with self._changed:
            if self._stopping:
                raise DatabaseUnavailable("this process is shutting down")
            self.require_room(deliveries.publisher)
            self._queue.append(Request(deliveries, answer))
            self._sizes[self._number] += deliveries.count
            self._queued_bytes += deliveries.size
            self._shares.add(deliveries.publisher, self._weight(deliveries))
            self._changed.notify()

    def _weight(self, deliveries: Deliveries) -> int:
        """Return how much of the queue they fill, in bytes or in events, whichever is more of its bound."""
        return max(deliveries.size, deliveries.count * self._bytes_max // self._events_max)

    async def check(self) -> None:
        """Take the whole way of an append with nothing to append. Raises as submit."""
        if time.monotonic() - self._succeeded_at > SHOWN_SECONDS:
            await self.submit(NOTHING)

    async def close(self) -> None:
        """Append all that was handed over, then end the thread and its connection."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join, APPEND_SECONDS_MAX + 5)
        await asyncio.to_thread(self._lock_watch.close)

    def _run(self) -> None:
        while batch := self._next_batch():
            began = time.monotonic()
            self._flush(batch)
            events = sum(request.deliveries.count for request in batch)
            self.flushes.add(time.monotonic() - began, events)
            with self._changed:
                self._sizes[self._number] -= events
                self._queued_bytes -= sum(request.deliveries.size for request in batch)
                for request in batch:
                    self._shares.add(request.deliveries.publisher, -self._weight(request.deliveries))
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[Request]:
        """Wait for requests and take those that fit one flush; empty when there will be no more."""
        with self._changed:
            while not self._queue and not self._stopping:
                self._changed.wait()
            return self._queue.take(FLUSH_EVENTS_MAX) if self._queue else []

    def _flush(self, batch: Sequence[Request]) -> None:
        try:
            places = self._append([request.deliveries for request in batch])
        except ContentRefused as error:
            if len(batch) == 1:
                log.error("content_passed_the_door", detail=str(error))
                self._answer(batch, error)
            else:
                for request in batch:
                    self._flush([request])
        except Exception as error:
            self._note(error)
            self._answer(batch, error)
        else:
            self._note(None)
            self._committed(batch, places)

    def _note(self, error: Exception | None) -> None:
        """Log when appends begin to fail, in another way too, and when they work again: not each failure."""
        trouble = None if error is None else type(error).__name__
        if error is not None and not isinstance(error, EventlogError):
            log.error("append_failed", exc_info=error)
        elif trouble != self._trouble:
            if error is None:
                log.info("append_works_again")
            else:
                log.warning("append_fails", error=trouble, reason=str(error))
        self._trouble = trouble
        self._succeeded_at = time.monotonic() if error is None else -SHOWN_SECONDS

    def _committed(self, batch: Sequence[Request], places: list[list[PositionRange]]) -> None:
        """Tell the callers. Whatever fails here, the thread goes on: without it nobody can publish."""
        outcome: list[list[PositionRange]] | Exception = places
        try:
            hit("api.committed")
        except Exception:
            log.exception("answer_failed")
            outcome = OutcomeUnknown("it was committed, but this process failed before it could say so")
        self._answer(batch, outcome)
        if any(request.deliveries.count for request in batch):
            self.appended.set()

    def _append(self, batches: Sequence[Deliveries]) -> list[list[PositionRange]]:
        """Append and commit in one transaction; a failure leaves either nothing or OutcomeUnknown."""
        self._room.require()
        connection = self._connected()
        self._warned = False
        try:
            with self._lock_watch.over(connection):
                self._subscription.require_none(connection)
                places = append_durably(connection, batches)
        except OutcomeUnknown:
            self._disconnect()
            raise
        except LogSubscribed:
            raise
        except psycopg.Error as error:
            raise self._failed(error) from error
        except Exception:
            # A bug of ours, perhaps under the order lock: give it back before anything else.
            self._disconnect()
            raise
        if self._warned:
            raise OutcomeUnknown("committed here, but the synchronous standby did not confirm it")
        return places

    def _failed(self, error: psycopg.Error) -> Exception:
        """Clean up after a failure before the commit, and return what to tell the callers."""
        if error.sqlstate is not None and error.sqlstate.startswith(("22", "54")):
            with suppress(psycopg.Error):
                self._require_connection().rollback()
            return ContentRefused(first_line(error))
        self._disconnect()
        return translate(error)

    def _connected(self) -> Session:
        if self._connection is not None and has_ended_idle(self._connection):
            self._disconnect()
        if self._connection is not None:
            return self._connection
        if time.monotonic() < self._not_before:
            raise copy(self._away)
        try:
            connection = connect(self._dsn, "appender", "append")
            try:
                run(connection, statement("append/settings").as_bytes(None))
            except psycopg.Error:
                connection.close()
                raise
        except (EventlogError, psycopg.Error) as error:
            raise self._back_off(error) from error
        connection.add_notice_handler(self._noticed)
        self._connection = connection
        self._failures = 0
        return connection

    def _require_connection(self) -> Session:
        assert self._connection is not None
        return self._connection

    def _noticed(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.sqlstate == NOT_REPLICATED:
            self._warned = True

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _back_off(self, error: EventlogError | psycopg.Error) -> DatabaseUnavailable:
        """Leave the server alone for a while: longer each time, and not all processes at once."""
        self._away = DatabaseUnavailable(first_line(error))
        self._away.names_server = isinstance(error, psycopg.Error) or error.names_server
        self._failures += 1
        self._not_before = time.monotonic() + pause_seconds(self._failures)
        return self._away

    def _answer(self, batch: Sequence[Request], result: list[list[PositionRange]] | Exception) -> None:
        """Wake all callers of a flush by one call into the event loop."""
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, batch, result)


def _resolve(batch: Sequence[Request], result: list[list[PositionRange]] | Exception) -> None:
    became: Iterable[list[PositionRange] | Exception] = (
        repeat(result, len(batch)) if isinstance(result, Exception) else result
    )
    for request, told in zip(batch, became, strict=True):
        try:
            request.answer(told)
        except Exception:
            # The others of the flush are to hear of it all the same.
            log.exception("answer_failed")


def _settle(future: asyncio.Future[list[PositionRange]], result: list[PositionRange] | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
