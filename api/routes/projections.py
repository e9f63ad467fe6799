"""/projections: how they are; POST …/rebuild and …/verify begin an operation."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta
from psycopg.rows import class_row

from api.http.body import require_no_body
from api.http.request_origin import reference
from api.openapi import sends
from api.requests.actor import actor_of
from api.requests.parameters import Parameter, documented, one_of, read_parameters, whole_number
from api.routes.read_route import answer, problems, read, route, services_of
from projections.errors import ProjectionUnknown
from projections.read import ReadSession
from projections.rebuilding.rebuild import Options
from projections.state import SHOW_STATES, ProjectionState, ProjectionStatus, shown

router = APIRouter(tags=["projections"])

# Each is a session of the database, which by default has a hundred for all.
WORKERS_MAX = 16
THROTTLE_MAX = 10**9
FLAG = {"type": "string", "enum": ["true", "false"], "default": "false"}

REBUILD = {
    "workers": Parameter(
        whole_number(1, WORKERS_MAX),
        "How many connections fill and catch up.",
        {"type": "integer", "minimum": 1, "maximum": WORKERS_MAX, "default": 2},
    ),
    "throttle": Parameter(
        whole_number(1, THROTTLE_MAX),
        "The most deliveries a second; slower, and gentler, in steps.",
        {"type": "integer", "minimum": 1},
    ),
    "in_place": Parameter(
        one_of("true", "false"), "Drop the live version first: it cannot be read meanwhile.", FLAG
    ),
    "verify": Parameter(one_of("true", "false"), "Compare with another replay before the switch.", FLAG),
}


class OperationBegun(msgspec.Struct, frozen=True):
    """An operation has begun."""

    status: Literal["accepted"]
    operation: Annotated[UUID, Meta(description="its id; Location has its address")]


@route(
    router,
    "/projections",
    summary="How the projections are",
    responses={200: sends(list[ProjectionStatus]), **problems(422, 503)},
)
async def projections(request: Request) -> Response:
    """Which version of each is live, how far it is in each partition, and what is done to it."""
    read_parameters(request, {})
    known = services_of(request).operations.projections
    return answer([shown(state, known) for state in await read(services_of(request), states)])


@route(
    router,
    "/projections/{name}",
    summary="How a projection is",
    responses={200: sends(ProjectionStatus), **problems(404, 422, 503)},
)
async def projection(request: Request, name: str) -> Response:
    """Which version of it is live, how far it is in each partition, and what is done to it."""
    read_parameters(request, {})
    found = [] if "\0" in name else await read(services_of(request), lambda reader: states(reader, name))
    if not found:
        raise ProjectionUnknown(name)
    return answer(shown(found[0], services_of(request).operations.projections))


@router.post(
    "/projections/{name}/rebuild",
    status_code=202,
    summary="Rebuild a projection",
    openapi_extra=documented(REBUILD),
    responses={202: sends(OperationBegun), **problems(404, 409, 422, 503)},
)
async def rebuild(request: Request, name: str) -> Response:
    """Play it again beside the live version, and switch; Location says where to look how far it is."""
    values = read_parameters(request, REBUILD)
    options = Options(
        workers=values.get("workers", 2),
        batch_size=services_of(request).settings.batch_size,
        throttle=values.get("throttle"),
        in_place=values.get("in_place") == "true",
        verify=values.get("verify") == "true",
    )
    return await _begun(
        request, lambda: services_of(request).operations.rebuild(name, options, actor_of(request.scope))
    )


@router.post(
    "/projections/{name}/verify",
    status_code=202,
    summary="Verify a projection",
    responses={202: sends(OperationBegun), **problems(404, 409, 422, 503)},
)
async def verify(request: Request, name: str) -> Response:
    """Compare it with a replay of the log; the operation's `detail` says what differs."""
    read_parameters(request, {})
    return await _begun(
        request, lambda: services_of(request).operations.verify(name, actor_of(request.scope))
    )


async def _begun(request: Request, begin: Callable[[], UUID]) -> Response:
    require_no_body(request)
    id = await asyncio.to_thread(begin)
    headers = {"Location": reference(request.scope, f"/operations/{id}")}
    return answer(OperationBegun("accepted", id), status=202, headers=headers)


async def states(reader: ReadSession, name: str | None = None) -> list[ProjectionState]:
    """Return how each projection is, or one."""
    cursor = reader.cursor(row_factory=class_row(ProjectionState))
    return await (await cursor.execute(SHOW_STATES, {"name": name})).fetchall()
