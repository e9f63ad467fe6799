"""Publishes answered without a task: read in the call that read the last byte, answered in the commit's.

A request goes this way when it is plain and has come whole; anything else, and any doubt, goes the
ordinary way (routes/publish.py) from its beginning, since nothing was done yet. It saves a task, two
switches to it, a future, a time limit and three messages a request: at one event each, more than half of
the API's time.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from api.errors import Problem, problem_for
from api.http.authentication import ANYBODY, Caller
from api.http.forwarded import NAMES
from api.http.middleware import Middleware
from api.http.publish_body import OWN, format_of
from api.http.rate_limit import headers_of
from api.http.security_headers import SECURITY_LINES
from api.http.traffic import PUBLISH, traffic
from api.routes.publish import NOT_APPENDED, PATHS, TRACE_HEADERS, is_counted, limits_for, record
from api.wiring import Services
from eventlog.errors import EventlogError, QueueFull
from eventlog.failpoints import hit
from eventlog.intake import accept
from eventlog.keys.errors import QuotaExceeded
from eventlog.log.append import PositionRange, encode

log = structlog.get_logger()

# With one of these, a request asks for something else, or says something that is kept.
PECULIAR = frozenset({b"prefer", b"expect", b"x-request-id", *TRACE_HEADERS})
VERSION_4 = (0xF << 76 | 0x3 << 62, 0x4 << 76 | 0x2 << 62)

SECURITY = SECURITY_LINES.decode()

# Takes the status line, and the rest from the further headers on.
Respond = Callable[[bytes, bytes], None]


class PublishFastPath:
    """The short way of one process."""

    services: Services  # set by the application's start, before any request is let in

    def __init__(self, middleware: Middleware) -> None:
        self._middleware = middleware
        self._authentication = middleware.authentication
        self._loop = asyncio.get_running_loop()
        self._chance = random.Random(random.SystemRandom().getrandbits(256))
        self._plain: list[tuple[bytes, bytes]] | None = None
        self._plain_caller = ANYBODY

    def is_plain(self, scope: Any) -> bool:
        """Say whether a request may come this way, as far as its head tells."""
        if scope["path"] not in PATHS or scope["method"] != "POST" or scope["query_string"]:
            return False
        # Most requests differ from the last one in nothing but their length.
        headers = [header for header in scope["headers"] if header[0] != b"content-length"]
        if headers == self._plain and self.still_holds(self._plain_caller):
            scope["caller"] = self._plain_caller
            return True
        if not self._is_plain(scope, dict(headers)):
            return False
        caller: Caller = scope["caller"]
        # Forwarding headers count by the peer they come from, and a certificate belongs to one connection.
        if caller.by != "certificate" and NAMES.isdisjoint(name for name, _ in headers):
            self._plain, self._plain_caller = headers, caller
        return True

    def still_holds(self, caller: Caller) -> bool:
        """Say whether a caller who was let in a moment ago would be let in now."""
        return self._authentication.still_holds(caller)

    def _is_plain(self, scope: Any, headers: dict[bytes, bytes]) -> bool:
        try:
            self._middleware.check(scope)
            self._middleware.entrance.check()
            return format_of(headers) is OWN and PECULIAR.isdisjoint(headers)
        except (Problem, EventlogError):
            return False

    def publish(self, body: bytes, respond: Respond, caller: Caller) -> bool:
        """Take a body that came whole; False when nothing was done and it must go the ordinary way."""
        services = self.services
        if len(body) > services.settings.body_bytes_max:
            return False  # api/http/body.py refuses it: 413
        meter = caller.meter
        handed = _Handed(services, self._request_id(), len(body), respond, caller)
        try:
            services.writer.require_room(caller.id)
            if meter is not None:
                meter.require_publish(len(body))
            services.admission.take(len(body), caller.id)
        except (QueueFull, QuotaExceeded) as error:
            # Not in this call: to answer starts the next of pipelined requests, and they may be many.
            self._loop.call_soon(handed.refuse, error)
            return True
        events = accept(body, limits_for(services, caller))
        if events is None:
            services.admission.give_back(len(body), caller.id)
            return False
        handed.events = len(events)
        if meter is not None:
            meter.admit_publish(len(body))
            meter.begin_events(len(events))
        try:
            request_id = handed.request_id.to_bytes(16, "big")
            deliveries = encode(
                events, services.partitions, request_id, publisher=caller.id, is_counted=is_counted(caller)
            )
            hit("api.parsed")
            services.writer.hand_over(deliveries, handed.answer)
        except Exception as error:
            self._loop.call_soon(handed.answer, error)
        return True

    def turn_away(self, scope: Any, respond: Respond) -> bool:
        """Refuse a publish of which the head alone has come, if there is no room for it now; say so.

        Else a service that is asked for too much would read bodies most of the time, to throw them away.
        """
        services = self.services
        announced = int(dict(scope["headers"]).get(b"content-length", b"0"))
        if not 0 < announced <= services.settings.body_bytes_max:
            return False
        caller: Caller = scope["caller"]
        meter = caller.meter
        try:
            services.writer.require_room(caller.id)
            services.admission.require_room(announced, caller.id)
            if meter is not None:
                meter.require_publish(announced)
        except (QueueFull, QuotaExceeded) as error:
            _Handed(services, self._request_id(), 0, respond, caller).refuse(error)
            return True
        return False

    def _request_id(self) -> int:
        """Make a request id: a UUID of version 4, and for a quarter of uuid4()'s time."""
        cleared, version = VERSION_4
        return self._chance.getrandbits(128) & ~cleared | version


class _Handed:
    """A request that is with the writer, and how it is answered."""

    __slots__ = ("_began", "_meter", "_owner", "_respond", "_services", "_size", "events", "request_id")

    def __init__(
        self, services: Services, request_id: int, size: int, respond: Respond, caller: Caller
    ) -> None:
        self._meter = caller.meter
        self._owner = caller.id
        self._began = monotonic()
        self._services = services
        self._size = size
        self._respond = respond
        self.request_id = request_id
        self.events = 0

    def answer(self, became: Sequence[PositionRange] | Exception) -> None:
        """Say where the deliveries lie, or why they do not."""
        self._services.admission.give_back(self._size, self._owner)
        if isinstance(became, Exception):
            if self._meter is not None and isinstance(became, NOT_APPENDED):
                self._meter.give_back_events(self.events)
            self.refuse(became)
            return
        try:
            hit("api.acking")
        except Exception as error:
            self.refuse(error)
            return
        traffic.published(self._owner, self.events, self._size, monotonic() - self._began)
        self._respond(b"HTTP/1.1 202 Accepted\r\n", self._accepted(became))

    def _accepted(self, places: Sequence[PositionRange]) -> bytes:
        lie = ",".join(
            [
                f'{{"partition":{partition},"first":{first},"last":{last}}}'
                for partition, first, last in places
            ]
        )
        body = f'{{"status":"accepted","accepted":{self.events},"deliveries":[{lie}]}}'
        digits = f"{self.request_id:032x}"
        limits = "" if self._meter is None else _lines(headers_of(self._meter))
        return (
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}\r\n"
            f"{SECURITY}{limits}\r\n{body}"
        ).encode()

    def refuse(self, error: Exception) -> None:
        """Answer with a problem."""
        problem = problem_for(error)
        request_id = UUID(int=self.request_id)
        if problem.status == 500:
            log.error("request_failed", request_id=str(request_id), path=PATHS[0], exc_info=error)
        record(self._services, problem, request_id, client="")
        traffic.answered(PUBLISH, "POST", problem.status, monotonic() - self._began)
        self._respond(*problem_answer(problem, request_id, *headers_of(self._meter)))


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> str:
    return "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in headers)


def problem_answer(problem: Problem, request_id: UUID, *further: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a problem as the status line of an answer and all the rest of it."""
    start, body = problem.messages(request_id)
    headers: Any = start["headers"]
    content: Any = body["body"]
    named = (b"x-request-id", str(request_id).encode()), *further, *headers
    status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    lines = (name + b": " + value + b"\r\n" for name, value in named)
    return status, b"".join([*lines, SECURITY_LINES, b"\r\n", content])
