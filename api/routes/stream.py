"""GET /events/stream: events as they come, by bare ASGI.

A stream lives for hours and there are many: each is three tasks and a bounded buffer. What goes on
between it and the log is told in api/live/hub.py.
"""

import asyncio
import socket
import time
from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any

from fastapi import Request

from api.errors import problem_for, wrong_method
from api.http import paths
from api.http.authentication import Authentication, Caller
from api.http.middleware import Message, Receive, Scope, Send
from api.http.negotiation import EVENT_STREAM, LINES, form_of
from api.live.catch_up import Pages
from api.live.frames import NDJSON, SSE, Form, Frame
from api.live.hub import BEAT_SECONDS
from api.live.stream_reader import StreamReader, Wanted
from api.requests.cursors import ForeignCursor, decode_positions
from api.requests.ndjson_stream import UNBUFFERED
from api.requests.parameters import Parameter, fault, invalid, one_of, read_parameters, text, topic_pattern
from api.requests.topics import caller_of, seen_patterns
from api.routes.read_route import read
from api.wiring import Services
from projections import read as log
from projections.read.log_order import Positions

PATH = paths.STREAM
TOPICS_MAX = 32
NOT_OURS = "is no place of these topics, or not all of one: give the id of the last event you got, as it is"
# A peer that vanished is noticed when it has acknowledged nothing for this long.
UNACKNOWLEDGED_MILLISECONDS = 30_000
# How long a stream that has ended may take to be read; then its connection is cut.
LINGER_SECONDS = 2.0

PARAMETERS = {
    "topic": Parameter(
        topic_pattern,
        "Only this topic; `order.*` takes every topic that begins with `order.`. "
        f"Repeat it for several, up to {TOPICS_MAX}.",
        {"type": "string", "maxLength": 255, "example": "order.*"},
        many=True,
    ),
    "source": Parameter(text, "Only events of this source.", {"type": "string", "maxLength": 255}),
    "from": Parameter(
        one_of("now", "start"),
        "Where to begin without a place: at what is new, or at the first event of the log.",
        {"type": "string", "enum": ["now", "start"], "default": "now"},
    ),
    "cursor": Parameter(
        str,
        "A place to go on from: an `id` of this stream, or a cursor of `GET /events?order=position` with the "
        "same topics. The header `Last-Event-ID` wins over it.",
        {"type": "string"},
    ),
    "last_event_id": Parameter(str, "The same as `cursor`.", {"type": "string"}),
}


METHODS = ("GET", "HEAD")


class Stream:
    """The route. `services` is there once the application has started."""

    def __init__(self, authentication: Authentication) -> None:
        self.services: Services | None = None
        self._authentication = authentication
        self._pages = Pages()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        services = self.services
        assert services is not None
        if scope["method"] not in METHODS:
            raise wrong_method(", ".join(METHODS))
        hub = services.hub
        request = Request(scope)
        values = read_parameters(request, PARAMETERS)
        wanted = _wanted(scope, values)
        partitions = wanted.partitions(hub.partitions)
        place = _place(request, values, partitions)
        media_type = form_of(request, EVENT_STREAM, LINES)
        if scope["method"] == "HEAD":
            await send(_start(media_type))
            await send({"type": "http.response.body", "body": b""})
            return
        form: Form = SSE if media_type == EVENT_STREAM else NDJSON
        with _counted(caller_of(scope)):
            async with hub.entered():
                if place is not None:
                    await read(services, partial(log.require_within, place=place))
                reader = hub.reader(form, partitions, wanted)
                connection = StreamConnection(scope, reader, media_type, receive, send)
                try:
                    with self._authentication.holding(scope, reader.end):
                        await connection.run(self._serve(services, connection, place))
                finally:
                    hub.detach(reader)

    async def _serve(
        self, services: Services, connection: "StreamConnection", place: Positions | None
    ) -> None:
        """Send what there is, for ever."""
        reader, hub = connection.reader, services.hub
        at = await hub.attach(reader) if place is None else place
        await connection.open(reader.channel.cursor(at))
        if place is not None:
            await self._pages.catch_up(services, hub, reader, place, connection.send_frame)
        while True:
            await connection.send_frame(await reader.take())


class StreamConnection:
    """A client's connection for the time of a stream."""

    def __init__(
        self, scope: Scope, reader: StreamReader, media_type: str, receive: Receive, send: Send
    ) -> None:
        self.reader = reader
        self._media_type = media_type
        self._protocol: Any = scope.get("connection")
        self._receive = receive
        self._send = send
        self._place = b""
        self._opened = False

    async def run(self, serving: Coroutine[Any, Any, None]) -> None:
        """Serve until the client leaves, the reader is ended, or the server stops; then end the answer.

        Raises what kept it from beginning.
        """
        if self._protocol is not None:
            self._protocol.on_shutdown = self.reader.end
            self._protocol.on_half_close = self._say_something
            if self._protocol.stopping or self._protocol.transport.is_closing():
                self.reader.end()
            else:
                self._notice_dead_peers()
        tasks = [asyncio.create_task(serving), asyncio.create_task(self._until_gone())]
        try:
            first: list[asyncio.Future[Any]] = [*tasks, self.reader.ended]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            served, _ = await asyncio.gather(*tasks, return_exceptions=True)
        await self._end(served)

    async def _end(self, served: BaseException | None) -> None:
        """Tell why, where there is something to tell, and complete the answer."""
        problem = self.reader.ended.result() if self.reader.ended.done() else None
        if isinstance(served, Exception):
            problem = problem_for(served)
            if not self._opened or problem.status == 500:
                raise served
        last = b"" if problem is None else self.reader.channel.form.problem(problem, self._place)
        if self._protocol is not None:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._protocol.transport.abort)
        await self._send({"type": "http.response.body", "body": last})

    async def open(self, cursor: bytes) -> None:
        """Send the headers and the place from which the stream goes on."""
        self._opened = True
        await self._send(_start(self._media_type))
        await self.send_frame(Frame(cursor, self.reader.channel.form.opening(cursor)))

    async def send_frame(self, frame: Frame) -> None:
        """Send; what was not sent when this is cancelled is not counted as sent."""
        await self._send({"type": "http.response.body", "body": frame.body, "more_body": True})
        self._place = frame.cursor
        self.reader.sent_at = time.monotonic()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _say_something(self) -> None:
        """Have heartbeats sent, which find out whether the peer is gone or has only ended its own side.

        A peer that is gone answers the first with a reset, and the second finds that.
        """
        for seconds in (0.0, 2 * BEAT_SECONDS):
            asyncio.get_running_loop().call_later(seconds, self.reader.is_due)

    def _notice_dead_peers(self) -> None:
        peer = self._protocol.transport.get_extra_info("socket")
        with suppress(OSError, AttributeError):  # not on every platform
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)


def _counted(caller: Caller) -> AbstractContextManager[None]:
    """Count a stream among those of its key, where these have a bound."""
    return nullcontext() if caller.meter is None else caller.meter.stream()


def _start(media_type: str) -> Message:
    """Return the head of the answer."""
    headers = [
        (b"content-type", media_type.encode()),
        (b"vary", b"Accept"),
        (b"connection", b"close"),
        *((name.lower().encode(), value.encode()) for name, value in UNBUFFERED.items()),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _wanted(scope: Scope, values: dict[str, Any]) -> Wanted:
    patterns: list[str] = values.get("topic", ["*"])
    if len(patterns) > TOPICS_MAX:
        raise invalid([fault("topic", f"topic is given {len(patterns)} times, of at most {TOPICS_MAX}")])
    patterns = seen_patterns(scope, patterns, "subscribe")
    return Wanted(
        topics=frozenset(pattern for pattern in patterns if not pattern.endswith("*")),
        prefixes=frozenset(pattern[:-1] for pattern in patterns if pattern.endswith("*")),
        source=values.get("source"),
    )


def _place(request: Request, values: dict[str, Any], partitions: tuple[int, ...]) -> Positions | None:
    """Return where to go on from; None begins at what is new."""
    given = {
        # An EventSource that has had no event yet sends an empty one.
        "Last-Event-ID": request.headers.get("last-event-id") or None,
        "cursor": values.get("cursor"),
        "last_event_id": values.get("last_event_id"),
    }
    for name, cursor in given.items():
        if cursor is not None:
            try:
                return decode_positions(cursor, list(partitions))
            except ForeignCursor:
                raise invalid([fault(name, f"{name} {NOT_OURS}")]) from None
    return dict.fromkeys(partitions, 0) if values.get("from") == "start" else None
