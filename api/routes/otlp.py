"""POST /v1/logs: logs of OpenTelemetry's exporters and collectors, in protobuf or JSON.

An exporter loses a batch for ever by most statuses: it sends again after 429, 502, 503 and 504 alone, and
takes a redirect for success. So whatever may pass is a 503, also a body that comes too slowly; whatever is in
a body is taken in, what can be no event under the topic `$unparsed`; and the path answers with a slash behind
it, too. JavaScript's exporter gives up at once where it is to wait for 10 s, and Python's has tried six times
after 5 s where it is to wait for one: so it is told to wait for 4.
"""

from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request, Response

from api.errors import Problem, answered, problem_for
from api.http.body import ClientGone, unsupported_type
from api.routes.ingest import take_in
from api.routes.read_route import HEADERS, encode, problems
from eventlog.errors import EventlogError
from eventlog.ingest.otlp import read_logs
from eventlog.ingest.reading import Ingested
from eventlog.intake import PublishLimits
from eventlog.intake.media_type import media_type_of

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
        await take_in(request, partial(_read, protobuf=protobuf))
    except ClientGone:
        raise
    except (Problem, EventlogError) as error:
        return _status(problem_for(error), protobuf=protobuf)
    # Nothing is rejected: an empty answer is full success.
    return Response(b"" if protobuf else b"{}", headers=HEADERS, media_type=PROTOBUF if protobuf else JSON)


def _read(_: dict[bytes, bytes], body: bytes, limits: PublishLimits, *, protobuf: bool) -> Ingested:
    return read_logs(body, protobuf=protobuf, received_at=datetime.now(UTC), limits=limits)


def _is_protobuf(headers: dict[bytes, bytes]) -> bool:
    kind = media_type_of(headers)
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
