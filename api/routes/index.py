"""GET /: where everything is."""

from fastapi import APIRouter, Request, Response

from api import answers
from api.reading import answer, route
from eventlog import __version__

router = APIRouter(tags=["service"])

ROUTES = {
    "publish": "/publish",
    "events": "/events",
    "event": "/events/{topic}/{event_id}",
    "delivery": "/deliveries/{partition}:{position}",
    "stats": "/stats",
    "timeline": "/timeline",
    "quarantine": "/quarantine",
    "projections": "/projections",
    "projection": "/projections/{name}",
    "operation": "/operations/{id}",
    "health": "/health",
    "livez": "/livez",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "docs": "/docs",
    "openapi": "/openapi.json",
}


@route(router, "/", summary="Index", responses={200: {"model": answers.Index}})
async def index(request: Request) -> Response:
    """The routes of this service."""
    return answer({"name": "eventlog", "version": __version__, "routes": ROUTES})
