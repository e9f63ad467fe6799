"""What every reading route shares: its session, its errors, its answer, and how it is registered."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from fastapi import APIRouter, Depends, Request, Response

from api.errors import Problem, problem_for
from api.negotiation import JSON, form_of
from api.services import Services
from eventlog.database import translate
from eventlog.errors import DatabaseUnavailable, EventlogError, ProjectionDropped
from eventlog.read import Reader

T = TypeVar("T")

# What changes at any time must not be kept by anybody.
HEADERS = {"Cache-Control": "no-store"}
TOO_LONG = "this read takes longer than a read may: ask for one topic, or for a shorter time"
encode = msgspec.json.Encoder().encode


def services_of(request: Request) -> Services:
    """Return the parts of this process."""
    services: Services = request.app.state.services
    return services


async def read(services: Services, reading: Callable[[Reader], Awaitable[T]]) -> T:
    """Run a read in a session of its own; it may run twice.

    Raises the Problem of a projection that is dropped, of a database that is away, and of a read
    that took too long.
    """
    try:
        return await services.pool.read(reading)
    except psycopg.errors.QueryCanceled:
        raise Problem(503, "read_too_long", TOO_LONG, retryable=True, headers={"Retry-After": "5"}) from None
    except psycopg.Error as error:
        translated = translate(error)
        raise (problem_for(translated) if isinstance(translated, EventlogError) else translated) from error
    except DatabaseUnavailable as error:
        raise problem_for(error) from error
    except ProjectionDropped as error:
        raise Problem(
            503, "projection_dropped", str(error), retryable=True, headers={"Retry-After": "30"}
        ) from None


def answer(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; payloads in it stay the text that they are."""
    return Response(
        encode(content), status, headers={**HEADERS, **(headers or {})}, media_type="application/json"
    )


def route(
    router: APIRouter, path: str, *, forms: Sequence[str] = (JSON,), **documented: Any
) -> Callable[[T], T]:
    """Register a handler for GET, which OpenAPI shows, and for HEAD; the server drops HEAD's body.

    forms: what it answers in. Who accepts none of them is told so; without any, everybody gets what there is.
    """
    if forms:

        def acceptable(request: Request) -> None:
            form_of(request, *forms)

        documented["dependencies"] = [Depends(acceptable)]

    def register(handler: T) -> T:
        router.add_api_route(path, handler, methods=["GET"], **documented)  # type: ignore[arg-type]
        head = {**documented, "include_in_schema": False}
        router.add_api_route(path, handler, methods=["HEAD"], **head)  # type: ignore[arg-type]
        return handler

    return register


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route may answer with."""
    meaning = {
        400: "the path or the body is malformed",
        403: "it is switched off here",
        404: "there is no such thing",
        406: "Accept takes nothing of what there is",
        409: "another operation on it is under way, or a place lies beyond the log, which was restored",
        413: "the body is too large",
        415: "the body is no JSON",
        422: "a parameter is wrong; `errors` names each",
        503: "the database is away, or the projection is dropped: try again",
    }
    schema = {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id", "retryable"],
    }
    content = {"application/problem+json": {"schema": schema}}
    return {status: {"description": meaning[status], "content": content} for status in statuses}
