"""GET /: where everything is, for a program; the web console, for a browser."""

import msgspec
from fastapi import APIRouter, Request, Response

from api.http.negotiation import HTML, JSON, form_of
from api.http.request_origin import reference
from api.openapi import sends
from api.requests.parameters import read_parameters
from api.routes.console import page
from api.routes.read_route import answer, problems, route
from eventlog import __version__

router = APIRouter(tags=["service"])

ROUTES = {
    "publish": "/publish",
    "events": "/events",
    "stream": "/events/stream",
    "event": "/events/{topic}/{event_id}",
    "deliveries": "/deliveries?topic={topic}&event_id={event_id}",
    "delivery": "/deliveries/{partition}:{position}",
    "stats": "/stats",
    "timeline": "/timeline",
    "quarantine": "/quarantine",
    "retries": "/quarantine/retries",
    "projections": "/projections",
    "projection": "/projections/{name}",
    "operations": "/operations",
    "operation": "/operations/{id}",
    "sql": "/sql",
    "questions": "/sql/questions",
    "audit_schema": "/sql/schema",
    "health": "/health",
    "findings": "/health/findings",
    "livez": "/livez",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "docs": "/docs",
    "openapi": "/openapi.json",
}


class Index(msgspec.Struct, frozen=True):
    """Where everything is."""

    name: str
    version: str
    routes: dict[str, str]


@route(router, "/", forms=(JSON, HTML), summary="Index", responses={200: sends(Index), **problems(422)})
async def index(request: Request) -> Response:
    """The routes of this service; the web console where the client accepts HTML."""
    if form_of(request, JSON, HTML) == HTML:
        return page(request)
    read_parameters(request, {})
    routes = {name: reference(request.scope, path) for name, path in ROUTES.items()}
    return answer(Index("eventlog", __version__, routes), headers={"Vary": "Accept"})
