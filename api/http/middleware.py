"""The outermost layer, bare ASGI: request ids, access, security headers, problems, fast routes."""

import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from time import monotonic
from typing import Any

import structlog

from api.errors import Problem, problem_for
from api.http.authentication import Authentication
from api.http.permissions import is_for_operators
from api.http.rate_limit import headers_of
from api.http.request_origin import TrustPolicy
from api.http.security_headers import secured
from api.http.traffic import route_of, traffic
from api.http.turnstile import ENTER_AT_ONCE, ENTER_FAST_AT_ONCE, Turnstile
from api.startup import StartupGate

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Answered by what needs no database.
ALIVE = "/livez"

# To senders of CloudEvents that ask first (Web Hooks for Event Delivery, 4.2).
_CONSENT = ((b"webhook-allowed-origin", b"*"), (b"webhook-allowed-rate", b"*"))

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Middleware:
    """Wraps the application; paths in `fast` are answered by bare ASGI routes, past FastAPI.

    `methods` tells what a path answers: nothing where there is no such route.
    """

    def __init__(
        self,
        app: App,
        fast: dict[str, App],
        trust: TrustPolicy,
        methods: Callable[[Scope], Sequence[str]],
        entrance: StartupGate,
        authentication: Authentication,
        admin_port: int | None = None,
    ) -> None:
        self._app = app
        self._fast = fast
        self._trust = trust
        self._methods = methods
        self.entrance = entrance
        self.authentication = authentication
        self._admin_port = admin_port
        # Whoever publishes does not wait behind those who do not.
        self._turnstile = Turnstile(ENTER_AT_ONCE)
        self._fast_turnstile = Turnstile(ENTER_FAST_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        scope["request_id"] = request_id
        identifying = (b"x-request-id", str(request_id).encode())
        began, status = monotonic(), 0

        async def send_identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                limits = headers_of(scope["caller"].meter) if "caller" in scope else []
                message["headers"] = [*secured(message["headers"]), identifying, *limits]
            await send(message)

        route = self._fast.get(scope["path"])
        try:
            if route is None:
                await self._turnstile.enter()
                route = self._app
            elif not scope["connection"].credit_bytes:
                await self._fast_turnstile.enter()
            self.check(scope)
            if scope["method"] == "OPTIONS":
                await self._tell_methods(scope, send_identified)
                return
            if scope["path"] != ALIVE:
                self.entrance.check()
            await route(scope, receive, send_identified)
        except Exception as error:
            problem = problem_for(error)
            if problem.status == 500:
                log.exception("request_failed", request_id=str(request_id), path=scope["path"])
            if status:
                raise
            await send_problem(problem, request_id, send_identified)
        finally:
            _count(scope, status, monotonic() - began)

    def check(self, scope: Scope) -> None:
        """Put the caller into the scope of a request; raise the Problem of one that must not come in."""
        if self._is_elsewhere(scope):
            raise Problem("not_found", "this is answered on another port: EVENTLOG_ADMIN_PORT")
        caller = scope["caller"] = self.authentication.caller_of(scope)
        self._trust.check(scope, identified=caller.id is not None and caller.by == "header")

    def _is_elsewhere(self, scope: Scope) -> bool:
        """Say whether a route is on the operators' port, and this is the other one."""
        is_here = self._admin_port is None or scope["server"][1] == self._admin_port
        return not is_here and is_for_operators(scope["path"])

    async def _tell_methods(self, scope: Scope, send: Send) -> None:
        """Answer OPTIONS. Nothing of CORS is in it: a page of another origin was refused already."""
        methods = self._methods(scope)
        if not methods:
            raise Problem("not_found", "there is no such route")
        headers = [(b"allow", ", ".join(methods).encode()), *_CONSENT]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count an answer, if there was one: who left before it gets none."""
    if status:
        traffic.answered(route_of(scope), scope["method"], status, seconds)
        if "caller" in scope and scope["caller"].id is not None:
            traffic.of_key(scope["caller"].id, 1, 0)


def _request_id(given: bytes | None) -> uuid.UUID:
    """Take the caller's request id where it is a UUID, or make one."""
    if given is not None and len(given) in (32, 36):
        try:
            return uuid.UUID(given.decode("ascii"))
        except ValueError:
            pass
    return uuid.uuid4()


async def send_problem(problem: Problem, request_id: uuid.UUID, send: Send) -> None:
    """Answer with a problem document."""
    for message in problem.messages(request_id):
        await send(message)
