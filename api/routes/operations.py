"""/operations: the latest rebuilds, verifications and drops; how far one is, its end, and its cancelling."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta
from psycopg.rows import class_row

from api.errors import Problem
from api.http.body import require_no_body
from api.openapi import sends
from api.requests.parameters import Parameter, documented, read_parameters, text, whole_number
from api.routes.read_route import answer, problems, read, route, services_of
from eventlog.statements import statement
from projections.operations import Kind, OperationRecord, OperationState
from projections.read import ReadSession
from projections.state import progress_of

router = APIRouter(tags=["projections"])


LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000

PARAMETERS = {
    "projection": Parameter(text, "Only of this projection.", {"type": "string"}),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most operations.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
}


Result = Literal["equal", "differs"]


class OperationStatus(msgspec.Struct, frozen=True):
    """A rebuild, a verification, a drop or a retry."""

    id: UUID
    kind: Kind
    projection: str
    state: OperationState
    result: Annotated[
        Result | None,
        Meta(description="of a verification that is done: whether the projection equals a replay of the log"),
    ]
    phase: str
    done: Annotated[int, Meta(description="deliveries")]
    total: int
    rate: Annotated[float, Meta(description="deliveries a second")]
    eta_seconds: float | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    error: str | None
    detail: Annotated[
        msgspec.Raw,
        Meta(
            description="what came out of it; of a verification, what differs",
            extra_json_schema={"type": "object"},
        ),
    ]


@route(
    router,
    "/operations",
    summary="The latest operations",
    openapi_extra=documented(PARAMETERS),
    responses={200: sends(list[OperationStatus]), **problems(422, 503)},
)
async def operations(request: Request) -> Response:
    """The latest operations, of any process, the last one that began first; 1,000 are kept."""
    values = read_parameters(request, PARAMETERS)
    found = await _read(
        request, projection=values.get("projection"), limit=values.get("limit", LIMIT_DEFAULT)
    )
    return answer([shown(record) for record in found])


@route(
    router,
    "/operations/{id}",
    summary="How far an operation is",
    responses={200: sends(OperationStatus), **problems(404, 422, 503)},
)
async def operation(request: Request, id: str) -> Response:
    """A rebuild or a verification, of any process: running, done, failed or cancelled."""
    read_parameters(request, {})
    return answer(shown(await _find(request, id)))


@router.delete(
    "/operations/{id}",
    status_code=202,
    summary="Cancel an operation",
    responses={202: sends(OperationStatus), **problems(404, 422, 503)},
)
async def cancel(request: Request, id: str) -> Response:
    """Have it end soon, and remove what it has made; one that has ended stays as it is."""
    read_parameters(request, {})
    require_no_body(request)
    found = await _find(request, id)
    if found.state == "running":
        await asyncio.to_thread(services_of(request).operations.cancel, found.id)
    return answer(shown(found), status=202)


async def _find(request: Request, id: str) -> OperationRecord:
    try:
        wanted = UUID(id)
    except ValueError:
        raise _unknown(id) from None

    found = await _read(request, id=wanted)
    if not found:
        raise _unknown(id)
    return found[0]


async def _read(
    request: Request, *, id: UUID | None = None, projection: str | None = None, limit: int = 1
) -> list[OperationRecord]:
    async def find(reader: ReadSession) -> list[OperationRecord]:
        cursor = reader.cursor(row_factory=class_row(OperationRecord))
        parameters = {"id": id, "projection": projection, "limit": limit}
        return await (await cursor.execute(statement("api/find_operations"), parameters)).fetchall()

    return await read(services_of(request), find)


def _unknown(id: str) -> Problem:
    return Problem("not_found", "there is no such operation; the latest 1,000 are kept")


def shown(record: OperationRecord) -> OperationStatus:
    """Return an operation as its readers get to see it."""
    progress = progress_of(record.done, record.total, record.elapsed_seconds)
    if record.state != "running":
        progress["eta_seconds"] = None
    return OperationStatus(
        id=record.id,
        kind=record.kind,
        projection=record.projection,
        state=record.state,
        result=_result(record),
        phase=record.phase,
        **progress,
        started_at=record.started_at,
        updated_at=record.updated_at,
        finished_at=record.finished_at,
        error=record.error,
        detail=msgspec.Raw(record.detail.encode()),
    )


def _result(record: OperationRecord) -> Result | None:
    """Say in a word what came out of a verification that is done."""
    if (record.kind, record.state) != ("verify", "done"):
        return None
    return "differs" if msgspec.json.decode(record.detail).get("differing") else "equal"
