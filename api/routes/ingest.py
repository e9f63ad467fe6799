"""POST /ingest/{name}: JSON, lines of JSON or of text, as a definition says (`eventlog ingest set`).

Shippers drop a batch that is refused. So nothing is refused for what is in it: a record that can be no event
is kept under the topic `$unparsed`, and costs itself alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from api.errors import Problem
from api.http.admission import Publishing
from api.http.receive_publish import receive_packed
from api.openapi import sends
from api.requests.topics import caller_of
from api.routes.publish import is_counted, limits_for, submit
from api.routes.read_route import answer, problems, services_of
from api.wiring import Services
from eventlog.events import INGESTED, UNPARSED
from eventlog.ingest.reading import BodyReader, Ingested
from eventlog.intake import PublishLimits
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
    "gzip, deflate and zstd are unpacked. What can be no event is kept under the topic `$unparsed`.",
    responses={
        200: sends(IngestAccepted, example={"status": "accepted", "accepted": 2, "unparsed": 0}),
        **problems(400, 404, 413, 415, 429, 503, 507),
    },
)
async def ingest(request: Request, name: str) -> Response:
    """Read a body by its definition, append it, answer once it is durable."""
    reader = (await services_of(request).definitions.current()).get(name)
    if reader is None:
        raise Problem("not_found", "nothing is defined by this name: see `eventlog ingest set`")
    found = await take_in(request, partial(_read, reader))
    return answer(IngestAccepted("accepted", len(found.events), len(found.unparsed)))


# Reads a whole body, by the headers it came with and within limits.
Reading = Callable[[dict[bytes, bytes], bytes, PublishLimits], Ingested]


def _read(reader: BodyReader, headers: dict[bytes, bytes], body: bytes, limits: PublishLimits) -> Ingested:
    return reader.read(headers, body, datetime.now(UTC), limits)


async def take_in(request: Request, reading: Reading) -> Ingested:
    """Receive the body of a request, read it, and append what it is; return that once it is durable."""
    services, caller = services_of(request), caller_of(request.scope)
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    with Publishing(services.admission, caller.id) as share:
        body = await receive_packed(services, caller, headers, request.receive, share)
        read = partial(reading, headers, body, limits_for(services, caller))
        found = read() if len(body) <= READ_AT_ONCE_BYTES_MAX else await services.examiner.read(read)
        events, unparsed = (
            _rows(services, request, found.events, INGESTED),
            _rows(services, request, found.unparsed, UNPARSED),
        )
        await submit(services, caller, events, unparsed)
    return found


def _rows(services: Services, request: Request, events: list[ForeignEvent], format: int) -> Deliveries:
    caller = caller_of(request.scope)
    return encode(
        events_of(events, format),
        services.partitions,
        request.scope["request_id"].bytes,
        publisher=caller.id,
        is_counted=is_counted(caller),
    )
