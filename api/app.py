"""The application: the fast publish route, the reading routes, and the middleware around both."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.errors import Problem, problem_for
from api.http.authentication import Authentication
from api.http.middleware import App, Middleware, Scope
from api.http.publish_fast_path import PublishFastPath
from api.http.request_origin import TrustPolicy
from api.openapi import components
from api.routes import publish, publish_schema, stream, stream_schema
from api.startup import StartupGate, started
from api.wiring import ProcessIdentity, Services, alone, running
from eventlog import __version__
from eventlog.errors import EventlogError
from eventlog.events import Fault
from eventlog.settings import Settings

READING = (
    "sql",
    *("events", "deliveries", "stats", "timeline", "quarantine", "projections", "operations"),
    *("health", "metrics", "keys", "session", "hooks", "ingest", "otlp", "bulk", "index", "console"),
)

# What the framework itself answers.
NO_ROUTE = {
    404: ("not_found", "there is no such route or thing"),
    405: ("method_not_allowed", "this route has other methods: see Allow"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
FAST_METHODS = {**dict.fromkeys(publish.PATHS, ("POST",)), stream.PATH: stream.METHODS}


def create_app(settings: Settings, dsn: str, member: ProcessIdentity | None = None) -> Middleware:
    """Return the ASGI application over the database at dsn, which somebody migrates."""
    route = publish.Publish()
    entrance = StartupGate()
    authentication = Authentication(settings.auth_mode)
    streaming = stream.Stream(authentication)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, PublishFastPath]]:
        direct = PublishFastPath(middleware)

        def begin(services: Services) -> None:
            app.state.services = route.services = streaming.services = direct.services = services
            authentication.directory, authentication.meters = services.keys, services.meters
            authentication.uses = services.key_uses

        run = partial(running, settings, dsn, member or alone())
        async with started(run, entrance, begin):
            # uvicorn hands it to every connection: api/http/protocol.py
            yield {"direct": direct}

    app: FastAPI = FastAPIOffline(
        title="eventlog",
        version=__version__,
        description="An immutable event log in PostgreSQL: publish, read, and check the books.",
        lifespan=lifespan,
        redirect_slashes=False,
        # Ours is api/console/docs.html; the scripts that it loads are served below /static-offline-docs.
        docs_url=None,
        redoc_url=None,
        # Relative to the document: it may lie behind a proxy, below any path.
        servers=[{"url": "."}],
    )
    app.state.authentication = authentication
    for name in READING:
        app.include_router(import_module(f"api.routes.{name}").router)
    _answer_with_problems(app)
    _describe_fast_routes(app)
    fast: dict[str, App] = {**dict.fromkeys(publish.PATHS, route), stream.PATH: streaming}
    middleware = Middleware(
        app,
        fast,
        TrustPolicy.of(settings),
        partial(_methods, app),
        entrance,
        authentication,
        settings.admin_port,
    )
    return middleware


def _methods(app: FastAPI, scope: Scope) -> Sequence[str]:
    """Return what a path answers, all of its routes together; the framework tells of the first alone."""
    if scope["path"] == "*":  # the whole service is meant
        return METHODS
    if scope["path"] in FAST_METHODS:
        return FAST_METHODS[scope["path"]]
    return [
        method
        for method in METHODS
        if any(each.matches({**scope, "method": method})[0] == Match.FULL for each in app.routes)
    ]


def _answer_with_problems(app: FastAPI) -> None:
    """Have every error of a route leave as a problem document."""

    # By class as well: what is left to Exception is raised again after its answer, and logged.
    @app.exception_handler(EventlogError)
    @app.exception_handler(Problem)
    @app.exception_handler(Exception)
    async def problem(request: Request, error: Exception) -> Response:
        return _response(request, problem_for(error))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code not in NO_ROUTE:
            return _response(request, problem_for(error))
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.scope))
        return _response(request, Problem(*NO_ROUTE[error.status_code], headers=headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [
            Fault(
                None,
                "/" + "/".join(str(part) for part in fault["loc"][1:]),
                "invalid_parameter",
                fault["msg"],
            )
            for fault in error.errors()
        ]
        return _response(request, Problem("invalid_parameter", "a parameter is wrong", errors=faults))


def _response(request: Request, problem: Problem) -> Response:
    start, body = problem.messages(request.scope["request_id"])
    response = Response(status_code=problem.status, content=body["body"])
    response.raw_headers = start["headers"]  # type: ignore[assignment]
    return response


def _describe_fast_routes(app: FastAPI) -> None:
    """Add to the OpenAPI document what FastAPI does not serve, and the structs that are sent."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path in publish.PATHS:
            document["paths"].setdefault(path, {"post": publish_schema.operation(path)})
        document["paths"].setdefault(stream.PATH, {"get": stream_schema.operation()})
        document["components"] = {"schemas": components()}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
