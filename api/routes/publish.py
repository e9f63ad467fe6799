"""POST /publish: read, validate, append, answer once it is durable.

A bare ASGI route: per request, FastAPI's own work would cost more than all that is done here.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import psycopg
from msgspec import UNSET, Meta, UnsetType

from api.errors import Problem, problem_for, wrong_method
from api.http import paths
from api.http.admission import Publishing
from api.http.authentication import Caller
from api.http.body import ClientGone
from api.http.middleware import Receive, Scope, Send, send_problem
from api.http.publish_body import BodyFormat, format_of, require_each_once
from api.http.receive_publish import receive_publish
from api.http.request_origin import client_of
from api.http.traffic import traffic
from api.requests.topics import caller_of
from api.wiring import Services
from eventlog.errors import ContentRefused, DiskFull, EventlogError, QueueFull
from eventlog.events import Events, Fault
from eventlog.failpoints import hit
from eventlog.intake import Intake, PublishLimits
from eventlog.intake.cloudevents import SPECVERSION_HEADER
from eventlog.intake.limits import Allowed
from eventlog.keys.publishable import WatchedPublishable
from eventlog.log.append import Deliveries, PositionRange, encode
from eventlog.log.partitions import partition_of
from eventlog.log.refused_publishes import Refusal, source_of
from projections.read import outcomes
from projections.read.deliveries import DeliveryName, Outcome

PATHS = paths.PUBLISH
WAIT_SECONDS_MAX = 60.0
REJECTIONS_RECORDED = 10
# What cannot be cleared at a glance takes up to 4 ms a kilobyte to examine, where every three bytes are an
# event with five faults. More than this is not examined on the event loop, where everybody else would wait.
EXAMINED_AT_ONCE_BYTES_MAX = 1 << 11
TRACE_HEADERS = (b"traceparent", b"tracestate")
# Version ff and ids of zeros are none; later versions than 00 may have more behind.
TRACE_PARENT = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{1,64})?"
)
TRACE_STATE_BYTES_MAX = 512
_encode = msgspec.json.Encoder().encode


class Preferences(msgspec.Struct, frozen=True):
    """What the Prefer header asks for (RFC 7240)."""

    wait_seconds: float | None = None
    lenient: bool = False

    @property
    def applied(self) -> bytes:
        """The Preference-Applied header's value."""
        wait = [] if self.wait_seconds is None else [f"wait={self.wait_seconds:g}"]
        return ", ".join([*wait, *(["handling=lenient"] if self.lenient else [])]).encode()


class DeliveredRange(msgspec.Struct, frozen=True):
    """Where a run of deliveries lies in the log: positions first to last, both inclusive."""

    partition: int
    first: int
    last: int


class PublishResult(msgspec.Struct, frozen=True):
    """What became of one event's delivery."""

    topic: str
    event_id: str
    delivery: DeliveryName
    outcome: Outcome


class PublishAccepted(msgspec.Struct):
    """The deliveries are durable."""

    status: Literal["accepted"]
    accepted: Annotated[int, Meta(description="how many events")]
    deliveries: list[DeliveredRange]
    rejected: Annotated[
        list[Fault] | UnsetType,
        Meta(description="with `Prefer: handling=lenient`: what is wrong with the others"),
    ] = UNSET
    results: Annotated[
        list[PublishResult] | UnsetType,
        Meta(description="with `Prefer: wait`, in the order in which the events were sent"),
    ] = UNSET


# What surely left nothing in the log.
NOT_APPENDED = (QueueFull, ContentRefused, DiskFull)
NO_PREFERENCES = Preferences()
NO_EVENTS = Events((), (), ())


class Publish:
    """The route. `services` is there once the application has started."""

    def __init__(self) -> None:
        self.services: Services | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        services = self.services
        assert services is not None
        if scope["method"] != "POST":
            raise wrong_method("POST")
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if b"prefer" in headers:  # it may stand in several lines
            headers[b"prefer"] = b",".join(value for name, value in scope["headers"] if name == b"prefer")
        problem: Problem | None = None
        try:
            if SPECVERSION_HEADER in headers:
                require_each_once(scope["headers"])
            await self._publish(services, scope, headers, receive, send)
        except ClientGone:
            return
        except (EventlogError, Problem) as error:
            problem = problem_for(error)
        if problem is not None:
            # No longer while the error is handled: its traceback keeps what was read of the body.
            record(services, problem, scope["request_id"], client_of(scope))
            await send_problem(problem.with_traceback(None), scope["request_id"], send)

    async def _publish(
        self, services: Services, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        request_id: UUID = scope["request_id"]
        prefer = headers.get(b"prefer")
        preferences = NO_PREFERENCES if prefer is None else read_preferences(prefer.decode("latin-1"))
        caller = caller_of(scope)
        with Publishing(services.admission, caller.id) as share:
            intake = await self._take_in(services, headers, receive, share, preferences, caller)
            # The first few tell what is wrong with a batch, and leave room in the record for others.
            for fault in intake.rejected[:REJECTIONS_RECORDED]:
                source = source_of(client_of(scope))
                services.refusals.add(Refusal(request_id, 422, fault.code, fault.pointer, source))
            deliveries = encode(
                intake.events,
                services.partitions,
                request_id.bytes,
                _trace(headers),
                caller.id,
                is_counted=is_counted(caller),
            )
            events = intake.events
            intake.events = NO_EVENTS  # their text is in the rows now; many wait here under load
            if preferences.wait_seconds is None:
                events = NO_EVENTS
            hit("api.parsed")
            [places] = await submit(services, caller, deliveries)
        scope["connection"].has_published()
        answer = accepted_of(deliveries, places, intake.rejected)
        status = 202
        if preferences.wait_seconds is not None and await services.projected.wait(
            {place.partition: place.last for place in places}, preferences.wait_seconds
        ):
            # What is durable is accepted, whatever becomes of the rest of the answer.
            with suppress(psycopg.Error, EventlogError):
                answer.results = await _results(services, events, places)
                status = 200
        hit("api.acking")
        await _answer(status, answer, preferences, send)

    async def _take_in(
        self,
        services: Services,
        headers: dict[bytes, bytes],
        receive: Receive,
        share: Publishing,
        preferences: Preferences,
        caller: Caller,
    ) -> Intake:
        """Read the body and let its events in."""
        kind = format_of(headers)
        bytes_max = services.settings.body_bytes_max
        body = await receive_publish(services, caller, headers, receive, share, bytes_max=bytes_max)
        limits = limits_for(services, caller)
        return await _parse(services, body, kind, limits, lenient=preferences.lenient)


async def _parse(
    services: Services, body: bytes, kind: BodyFormat, limits: PublishLimits, *, lenient: bool
) -> Intake:
    """Return the events of a body; raises Refused."""
    if len(body) <= EXAMINED_AT_ONCE_BYTES_MAX:
        return kind.read(body, limits, lenient)
    events = None if kind.at_once is None else kind.at_once(body, limits)
    if events is not None:
        return Intake(events, [])
    return await services.examiner.read(partial(kind.read, body, limits, lenient))


def limits_for(services: Services, caller: Caller) -> PublishLimits:
    """Return what a caller's publishes must keep to."""
    allowed: Allowed | None = caller.publishable
    if caller.observed is not None and caller.observed.publishable is not None:
        allowed = WatchedPublishable(caller.observed.publishable, caller.observed.note)
    return services.limits if allowed is None else msgspec.structs.replace(services.limits, allowed=allowed)


def is_counted(caller: Caller) -> bool:
    """Say whether an append is to count a caller's events of the day."""
    return caller.meter is not None and caller.meter.counts_days


async def submit(services: Services, caller: Caller, *batches: Deliveries) -> list[list[PositionRange]]:
    """Append batches, each in one piece; return where each lies, which is nowhere for an empty one.

    A key's events are counted; those of unknown outcome too, since they may be in the log.
    """
    count = sum(batch.count for batch in batches)
    if caller.meter is not None:
        caller.meter.begin_events(count)
    try:
        places = await asyncio.gather(*(_append(services, batch) for batch in batches))
    except NOT_APPENDED:
        if caller.meter is not None:
            caller.meter.give_back_events(count)
        raise
    if caller.id is not None:
        traffic.of_key(caller.id, 0, count)
    return places


async def _append(services: Services, batch: Deliveries) -> list[PositionRange]:
    return await services.writer.submit(batch) if batch.count else []


def record(services: Services, problem: Problem, request_id: UUID, client: str) -> None:
    """Note a refusal of content; what says nothing about the publish is not one."""
    if 400 <= problem.status < 500:
        pointer = problem.errors[0].pointer if problem.errors else None
        services.refusals.add(Refusal(request_id, problem.status, problem.code, pointer, source_of(client)))


def read_preferences(prefer: str) -> Preferences:
    """Read a Prefer header. What is unknown or malformed in it is ignored, as RFC 7240 says."""
    wait: float | None = None
    lenient = False
    for item in re.split(r"[,;]", prefer):
        name, _, value = (part.strip().strip('"').lower() for part in item.partition("="))
        if name == "handling":
            lenient = value == "lenient"
        elif name == "wait" and wait is None and re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
            wait = min(float(value), WAIT_SECONDS_MAX)
    return Preferences(wait, lenient)


def _trace(headers: dict[bytes, bytes]) -> bytes | None:
    """Return the trace context of a request as JSON text, if it has any.

    By its own rules (W3C Trace Context), what is malformed or too long is passed over. It is kept with every
    event of a batch.
    """
    parent, state = (headers.get(name, b"") for name in TRACE_HEADERS)
    if not TRACE_PARENT.fullmatch(parent):
        return None
    found = {"traceparent": parent.decode()}
    if 0 < len(state) <= TRACE_STATE_BYTES_MAX and state.isascii():
        found["tracestate"] = state.decode()
    return _encode(found)


def accepted_of(
    deliveries: Deliveries, places: Sequence[PositionRange], rejected: Sequence[Fault] = ()
) -> PublishAccepted:
    """Return the answer that says where deliveries lie."""
    ranges = [DeliveredRange(*place) for place in places]
    return PublishAccepted("accepted", deliveries.count, ranges, list(rejected) or UNSET)


async def _results(
    services: Services, events: Events, places: Sequence[PositionRange]
) -> list[PublishResult]:
    """Say of each event what became of its delivery, in the order in which they were sent."""
    following = {place.partition: place.first for place in places}
    at: list[tuple[int, int]] = []
    for event in events:
        partition = partition_of(event.topic, services.partitions)
        at.append((partition, following[partition]))
        following[partition] += 1
    became = await services.pool.read(lambda reader: outcomes(reader, at))
    return [
        PublishResult(event.topic, event.event_id, f"{place[0]}:{place[1]}", became[place])
        for event, place in zip(events, at, strict=True)
    ]


async def _answer(status: int, answer: PublishAccepted, preferences: Preferences, send: Send) -> None:
    body = _encode(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if preferences is not NO_PREFERENCES and preferences.applied:
        headers.append((b"preference-applied", preferences.applied))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
