"""GET /livez, /readyz, /health: does the process run, can it append and read, does anybody project.

And GET /health/findings: what is wrong with the database, in words.
"""

import asyncio
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta
from psycopg.rows import class_row

from api.errors import Problem, problem_for
from api.openapi import sends
from api.requests.parameters import read_parameters
from api.routes.read_route import answer, probe, problems, route, services_of
from api.wiring import Services
from eventlog.errors import QueueFull
from eventlog.schema.migrate import migrations
from eventlog.statements import statement
from projections.doctor import Finding
from projections.read import ReadSession
from projections.read.standing_still import standing_still

router = APIRouter(tags=["service"])

OK: Literal["ok"] = "ok"
Queue = Literal["ok", "full"]
UNAVAILABLE: Literal["unavailable"] = "unavailable"
# How long the readiness check waits for an append.
APPEND_SECONDS_MAX = 2.0


class DatabaseServer(msgspec.Struct, frozen=True):
    """What the database says of itself."""

    schema_version: int | None
    standby: bool
    partitions_missing: int
    workers: int
    dropped: list[str]


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Ready(msgspec.Struct, frozen=True):
    """Whether this process can append and read."""

    status: Literal["ok", "unavailable"]
    database: Annotated[str, Meta(description="`ok`, or what is wrong with it")]
    queue: Queue


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether it is alive and ready, and how many workers project."""

    status: Literal["ok", "degraded", "unavailable"]
    database: Annotated[str, Meta(description="`ok`, or what is wrong with it")]
    queue: Queue
    workers: Annotated[
        int | None, Meta(description="projector workers connected to the database; none is degraded")
    ]
    dropped: Annotated[list[str], Meta(description="projections that are dropped; left out if none is")] = []
    standing_still: Annotated[
        list[str],
        Meta(description="projections without progress, and why; left out if there is none"),
    ] = []


class ServiceState(msgspec.Struct, frozen=True):
    """Whether this process can append and read, and how many workers project. No workers: not known.

    dropped: projections that reading is answered 503 of.
    """

    database: str
    queue: Queue
    workers: int | None
    dropped: list[str] = []

    @property
    def ready(self) -> bool:
        """Whether it can append and read. Lag has no part in it."""
        return self.database == OK and self.queue == OK


async def find_state(services: Services) -> ServiceState:
    """Ask the database, and look at the writer's queue."""
    full = services.queue_size >= services.queue_events_max
    queue: Queue = "full" if full else OK
    try:
        server = await probe(services, _server)
    except Problem as problem:
        return ServiceState(problem.detail, queue, None)
    if server.standby:
        return ServiceState("a standby, which cannot be written to", queue, server.workers)
    newest = migrations()[-1][0].version
    if server.schema_version != newest:
        fault = f"at schema {server.schema_version}, this code needs {newest}"
        return ServiceState(fault, queue, server.workers)
    if server.partitions_missing > 0:
        fault = f"{server.partitions_missing} partitions of the log have no table: see `eventlog doctor`"
        return ServiceState(fault, queue, server.workers)
    return ServiceState(await _fault_of_append(services) or OK, queue, server.workers, server.dropped)


async def _standing_still(services: Services) -> list[str]:
    """Say which projections make no progress; nothing where the database cannot be asked."""
    try:
        return [str(found) for found in await probe(services, standing_still)]
    except Problem:
        return []


async def _fault_of_append(services: Services) -> str | None:
    """Say why nothing can be appended, having tried: of what it needs, others may need nothing."""
    try:
        await asyncio.wait_for(services.writer.check(), APPEND_SECONDS_MAX)
    except QueueFull:
        return None  # which is said as that
    except TimeoutError:
        return f"an append takes longer than {APPEND_SECONDS_MAX:g} s"
    except Exception as error:
        return problem_for(error).detail
    return None


async def _server(reader: ReadSession) -> DatabaseServer:
    cursor = await reader.cursor(row_factory=class_row(DatabaseServer)).execute(statement("api/ready"))
    found = await cursor.fetchone()
    assert found is not None
    return found


@route(router, "/livez", forms=(), summary="Does the process run?", responses={200: sends(Alive)})
async def livez(request: Request) -> Response:
    """Answers as long as the process can; asks nobody else."""
    return answer(Alive(OK))


WELL = "it can append and read"
NOT_WELL = "it cannot: `database` and `queue` say why"
READY = {200: sends(Ready, WELL), 503: sends(Ready, NOT_WELL)}
HEALTH = {200: sends(Health, WELL), 503: sends(Health, NOT_WELL)}


@route(router, "/readyz", forms=(), summary="Can it append and read?", responses=READY)
async def readyz(request: Request) -> Response:
    """503 while the database is away, full or does not fit, or the writer's queue is full; never for lag."""
    state = await find_state(services_of(request))
    status = OK if state.ready else UNAVAILABLE
    return answer(Ready(status, state.database, state.queue), status=_http(state.ready))


@route(router, "/health", forms=(), summary="All of it", responses=HEALTH)
async def health(request: Request) -> Response:
    """As /readyz, and how many workers are connected, and which projections are dropped or stand still.

    Without workers, or with such a one, it is `degraded`, which is no 503: publishing goes on, and workers
    may be elsewhere and on their way.
    """
    state = await find_state(services_of(request))
    still = await _standing_still(services_of(request)) if state.ready else []
    whole = state.workers and not state.dropped and not still
    status = UNAVAILABLE if not state.ready else OK if whole else "degraded"
    found = Health(status, state.database, state.queue, state.workers, state.dropped, still)
    return answer(found, status=_http(state.ready))


@route(
    router,
    "/health/findings",
    summary="What is wrong with the database, and how to mend it",
    responses={200: sends(list[Finding]), **problems(422, 503)},
)
async def findings(request: Request) -> Response:
    """What `eventlog doctor` finds in the database: its settings, rights, sessions.

    Looked at anew every few seconds at the most. However bad, it is no 503: publishing and reading go on.
    """
    read_parameters(request, {})
    return answer(await services_of(request).cached_findings.findings())


def _http(ready: bool) -> int:
    return 200 if ready else 503
