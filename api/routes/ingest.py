"""POST /ingest/{name}: JSON, lines of JSON or of text, as a definition says (`eventlog ingest set`).

Shippers drop a batch that is refused. So nothing is refused for what is in it: a record that can be no event
is kept under the topic `$unparsed`, and costs itself alone.
"""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from api.errors import Problem
from api.http.admission import Publishing
from api.http.body import read_body
from api.http.packed_body import unpacked
from api.openapi import sends
from api.requests.topics import caller_of
from api.routes.publish import is_counted, limits_for, metered
from api.routes.read_route import answer, problems, services_of
from api.wiring import Services
from eventlog.events import INGESTED, UNPARSED
from eventlog.ingest.reading import BodyReader, Ingested
from eventlog.intake.foreign import ForeignEvent, events_of
from eventlog.log.append import Deliveries, encode

router = APIRouter(tags=["publish"])

# What is read of more is read by a thread, where it keeps nobody waiting.
READ_AT_ONCE_BYTES_MAX = 1 << 14


class IngestAccepted(msgspec.Struct):
    """All of a body is durable."""

    status: str
    accepted: Annotated[int, Meta(description="how many records became events")]
    unparsed: Annotated[int, Meta(description="how many can be none, and are kept under the topic $unparsed")]


@router.post(
    "/ingest/{name}",
    summary="Take in what a definition tells how to read",
    description="`eventlog ingest set` defines a name. The body: JSON, an array, lines of JSON or of text; "
    "gzip and deflate are unpacked. What can be no event is kept under the topic `$unparsed`.",
    responses={
        200: sends(IngestAccepted, example={"status": "accepted", "accepted": 2, "unparsed": 0}),
        **problems(400, 404, 413, 415, 429, 503, 507),
    },
)
async def ingest(request: Request, name: str) -> Response:
    """Read a body by its definition, append it, answer once it is durable."""
    services = services_of(request)
    reader = await services.definitions.find(name)
    if reader is None:
        raise Problem("not_found", "nothing is defined by this name: see `eventlog ingest set`")
    caller = caller_of(request.scope)
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    announced = int(headers.get(b"content-length", b"0"))
    bytes_max = services.settings.body_bytes_max
    with Publishing(services.admission) as share:
        services.writer.require_room()
        if caller.meter is not None:
            caller.meter.admit_publish(announced)
        body = await read_body(
            headers,
            request.receive,
            share.take,
            bytes_max=bytes_max,
            timeout_seconds=services.settings.receive_timeout_seconds,
        )
        if caller.meter is not None:
            caller.meter.take_bytes(len(body) - announced)
        body = unpacked(headers, body, bytes_max)
        found = await _read(reader, headers, body, request)
        await append(request, found)
    return answer(IngestAccepted("accepted", len(found.events), len(found.unparsed)))


async def append(request: Request, found: Ingested) -> None:
    """Append what was taken in; return once it is durable."""
    services = services_of(request)
    rows = [
        _rows(services, request, found.events, INGESTED),
        _rows(services, request, found.unparsed, UNPARSED),
    ]
    with metered(caller_of(request.scope), sum(each.count for each in rows)):
        await asyncio.gather(*(services.writer.submit(each) for each in rows if each.count))


async def _read(reader: BodyReader, headers: dict[bytes, bytes], body: bytes, request: Request) -> Ingested:
    limits = limits_for(services_of(request), caller_of(request.scope))
    reading = partial(reader.read, headers, body, datetime.now(UTC), limits)
    if len(body) <= READ_AT_ONCE_BYTES_MAX:
        return reading()
    return await asyncio.to_thread(reading)


def _rows(services: Services, request: Request, events: list[ForeignEvent], format: int) -> Deliveries:
    caller = caller_of(request.scope)
    return encode(
        events_of(events, format),
        services.partitions,
        request.scope["request_id"].bytes,
        publisher=caller.id,
        is_counted=is_counted(caller),
    )
