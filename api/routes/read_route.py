"""What every reading route shares: its session, its errors, its answer, and how it is registered."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from fastapi import APIRouter, Depends, Request, Response

from api.error_codes import CODES
from api.errors import CONTENT_TYPE, Problem, ProblemAnswer, problem_for
from api.http.admission import Publishing
from api.http.body import read_body, require_json
from api.http.negotiation import JSON, form_of
from api.openapi import schema_of
from api.services.concurrency_limit import in_turn
from api.wiring import Services
from eventlog.errors import DatabaseUnavailable, EventlogError, ReadTooLarge
from eventlog.sessions.database import translate
from projections.errors import ProjectionDropped
from projections.read import ReadSession

T = TypeVar("T")

TOO_LONG = "read_too_long"
# What changes at any time must not be kept by anybody.
HEADERS = {"Cache-Control": "no-store"}
encode = msgspec.json.Encoder().encode


def services_of(request: Request) -> Services:
    """Return the parts of this process."""
    services: Services = request.app.state.services
    return services


async def read(services: Services, reading: Callable[[ReadSession], Awaitable[T]]) -> T:
    """Run a read in a session of its own when it is its turn; it may run twice. Raises as probe() does."""
    async with in_turn(services.reads):
        return await probe(services, reading)


async def probe(services: Services, reading: Callable[[ReadSession], Awaitable[T]]) -> T:
    """Run a read that is quick, and that must not wait for others, in a session of its own.

    Raises the Problem of a projection that is dropped, of a database that is away, and of a read
    that took too long, which is the database's fault: what it looks at is bounded.
    """
    try:
        return await services.pool.read(reading)
    except psycopg.errors.QueryCanceled:
        raise Problem(TOO_LONG, "the database is slow now: this read took longer than a read may") from None
    except psycopg.Error as error:
        translated = translate(error)
        raise (problem_for(translated) if isinstance(translated, EventlogError) else translated) from error
    except (DatabaseUnavailable, ProjectionDropped) as error:
        raise problem_for(error) from error


async def read_at_length(services: Services, reading: Callable[[ReadSession], Awaitable[T]], less: str) -> T:
    """Run a read that takes the longer the more there is; `less` says how to ask for less.

    Few of them run at once, so that the others find a session. One that took too long would again.
    """
    try:
        async with in_turn(services.long_reads):
            return await read(services, reading)
    except Problem as problem:
        if problem.code == TOO_LONG:
            raise problem_for(ReadTooLarge(f"this read takes longer than a read may: {less}")) from None
        raise


async def json_text(request: Request, bytes_max: int) -> bytes:
    """Return the body of a request that asks in JSON. Raises the Problem of another, or of a larger one."""
    services, headers = services_of(request), dict(request.scope["headers"])
    require_json(headers)
    with Publishing(services.asking) as share:
        return await read_body(
            headers,
            request.receive,
            share.take,
            bytes_max=bytes_max,
            timeout_seconds=services.settings.receive_timeout_seconds,
        )


def answer(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; payloads in it stay the text that they are."""
    return Response(
        encode(content), status, headers={**HEADERS, **(headers or {})}, media_type="application/json"
    )


def route(
    router: APIRouter, path: str, *, forms: Sequence[str] = (JSON,), **documented: Any
) -> Callable[[T], T]:
    """Register a handler for GET, which OpenAPI shows, and for HEAD; the server drops HEAD's body.

    forms: what it answers in. A client that accepts none of them is told so; without any, everybody gets
    what there is.
    """
    if forms:
        # Not a plain function: the framework would hand each request to a thread for it.
        async def acceptable(request: Request) -> None:
            form_of(request, *forms)

        documented["dependencies"] = [Depends(acceptable)]
        documented["responses"] = {**documented.get("responses", {}), **problems(406)}

    def register(handler: T) -> T:
        router.add_api_route(path, handler, methods=["GET"], **documented)  # type: ignore[arg-type]
        head = {**documented, "include_in_schema": False}
        router.add_api_route(path, handler, methods=["HEAD"], **head)  # type: ignore[arg-type]
        return handler

    return register


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route may answer with: each status with the codes that have it."""
    meaning = {
        400: "the path or the body is malformed, or cannot be stored",
        401: "there is no good key",
        403: "it is switched off here, or not for this key",
        404: "there is no such thing",
        406: "Accept takes nothing of what there is",
        409: "another operation on it is under way, or a place lies beyond the log, which was restored",
        413: "the body, an event or a batch is too large",
        415: "another content type, charset or content encoding than those that are read",
        422: "a parameter, a field or a statement is wrong; `errors` names each",
        429: "the key has used up a quota: RateLimit says which, Retry-After until when",
        503: "the database or what is asked for is away, or too much is asked at once: try again",
        507: "the database's disk is full",
    }
    return {
        status: {"description": meaning[status], "content": {CONTENT_TYPE: {"schema": _problem(status)}}}
        for status in statuses
    }


def _problem(status: int) -> dict[str, Any]:
    codes = [code for code, rule in CODES.items() if rule.status == status]
    return {
        "allOf": [schema_of(ProblemAnswer)],
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    }
