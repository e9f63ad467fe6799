"""POST /v1/logs: logs of OpenTelemetry's exporters and collectors, in protobuf or JSON.

An exporter loses a batch for ever by most statuses: it sends again after 429, 502, 503 and 504 alone, and
takes a redirect for success. So whatever may pass is a 503, also a body that comes too slowly; whatever is in
a body is taken in, what can be no event under the topic `$unparsed`; and the path answers with a slash behind
it, too. JavaScript's exporter gives up at once where it is to wait for 10 s, and Python's has tried six times
after 5 s where it is to wait for one: so it is told to wait for 4.
"""

import asyncio
from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request, Response

from api.errors import Problem, answered, problem_for
from api.http.admission import Publishing
from api.http.body import ClientGone, read_body, unsupported_type
from api.http.packed_body import unpacked
from api.requests.topics import caller_of
from api.routes.ingest import READ_AT_ONCE_BYTES_MAX, append
from api.routes.publish import limits_for
from api.routes.read_route import HEADERS, encode, problems, services_of
from eventlog.errors import EventlogError
from eventlog.ingest.otlp import read_logs

router = APIRouter(tags=["publish"])

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


# Codes of google.rpc.Status.
UNAVAILABLE, EXHAUSTED, INVALID = 14, 8, 3
MESSAGE_BYTES_MAX = 127


@router.post(
    "/v1/logs",
    summary="Take in logs of OpenTelemetry",
    description="OTLP/HTTP: an ExportLogsServiceRequest in protobuf or JSON, packed or not. Each record "
    "is an event of the topic `otlp.logs`, with its resource and its scope. Errors are google.rpc.Status.",
    responses={
        200: {"description": "durable", "content": {JSON: {"schema": {"type": "object"}}, PROTOBUF: {}}},
        **problems(415),
    },
)
@router.post("/v1/logs/", include_in_schema=False)
async def otlp_logs(request: Request) -> Response:
    """Append the records of a request, answer once they are durable."""
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    protobuf = _is_protobuf(headers)
    try:
        await _take_in(request, headers, protobuf=protobuf)
    except ClientGone:
        raise
    except (Problem, EventlogError) as error:
        return _status(problem_for(error), protobuf=protobuf)
    # Nothing is rejected: an empty answer is full success.
    return Response(b"" if protobuf else b"{}", headers=HEADERS, media_type=PROTOBUF if protobuf else JSON)


async def _take_in(request: Request, headers: dict[bytes, bytes], *, protobuf: bool) -> None:
    services = services_of(request)
    caller = caller_of(request.scope)
    bytes_max = services.settings.body_bytes_max
    announced = int(headers.get(b"content-length", b"0"))
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
        reading = partial(
            read_logs,
            unpacked(headers, body, bytes_max),
            protobuf=protobuf,
            received_at=datetime.now(UTC),
            limits=limits_for(services, caller),
        )
        found = reading() if len(body) <= READ_AT_ONCE_BYTES_MAX else await asyncio.to_thread(reading)
        await append(request, found)


def _is_protobuf(headers: dict[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if kind in (PROTOBUF, "application/protobuf"):
        return True
    if kind == JSON:
        return False
    raise unsupported_type(f"send {PROTOBUF} or {JSON}", PROTOBUF, JSON)


def _status(problem: Problem, *, protobuf: bool) -> Response:
    """Return a problem as exporters understand it."""
    passes = problem.retryable and problem.status != 429
    told = Problem("exporter_waits", problem.detail) if passes else problem
    code = UNAVAILABLE if passes else EXHAUSTED if problem.status == 429 else INVALID
    answered[told.status, told.code] += 1
    if not protobuf:
        body = encode({"code": code, "message": problem.detail})
    else:
        message = problem.detail.encode()[:MESSAGE_BYTES_MAX].decode(errors="ignore").encode()
        body = b"\x08%c\x12%c%b" % (code, len(message), message)
    headers = {**HEADERS, **told.headers}
    return Response(body, told.status, headers=headers, media_type=PROTOBUF if protobuf else JSON)
