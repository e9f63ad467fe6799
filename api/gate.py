"""The outermost layer, bare ASGI: request ids, Host and Origin checks, problems, the fast route.

Until publishers have keys, what keeps a web page in somebody's browser from reading and writing
this log is that a request must name a host that we are (no DNS rebinding) and, to change
something, must not come from a foreign origin.
"""

import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from api.errors import Problem, problem_for

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
TARGET_BYTES_MAX = 8192
HEADERS_MAX = 100
HEADER_BYTES_MAX = 16_384


class Gate:
    """Wraps the application; paths in `fast` are answered by bare ASGI routes, past FastAPI."""

    def __init__(self, app: App, fast: dict[str, App], allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._fast = fast
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        scope["request_id"] = request_id
        identifying = (b"x-request-id", str(request_id).encode())
        started = False

        async def send_identified(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], identifying]
            await send(message)

        try:
            self.check(scope, headers)
            route = self._fast.get(scope["path"], self._app)
            await route(scope, receive, send_identified)
        except Exception as error:
            problem = problem_for(error)
            if problem.status == 500:
                log.exception("request_failed", request_id=str(request_id), path=scope["path"])
            if started:
                raise
            await send_problem(problem, request_id, send_identified)

    def check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Raise the Problem of a request that must not come in."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > TARGET_BYTES_MAX:
            raise target_too_long()
        if len(scope["headers"]) > HEADERS_MAX or (
            sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES_MAX
        ):
            raise Problem(
                431,
                "headers_too_large",
                f"at most {HEADERS_MAX} headers and {HEADER_BYTES_MAX} bytes of them",
            )
        host = headers.get(b"host", b"").decode("latin-1")
        if host_name(host) not in self._allowed_hosts:
            raise Problem(
                421,
                "host_not_allowed",
                "the Host header names a host that this service does not answer for; "
                "EVENTLOG_ALLOWED_HOSTS adds names",
            )
        if scope["method"] in UNSAFE_METHODS and _is_foreign(headers, host):
            raise Problem(
                403, "foreign_origin", "a request that changes something must not come from another site"
            )


def target_too_long() -> Problem:
    """Return the answer to a path and query that are too long."""
    return Problem(414, "target_too_long", f"a request target has at most {TARGET_BYTES_MAX} bytes")


def allowed_hosts(bound: str, further: str) -> frozenset[str]:
    """Return the names that Host may carry: loopback's, the bound address, and the setting's."""
    names = {name.strip().lower() for name in further.split(",") if name.strip()}
    bound_name = f"[{bound}]" if ":" in bound else bound
    return LOOPBACK_NAMES | names | {bound_name.lower()}


def host_name(host: str) -> str:
    """Return the name in a Host header, lower case, without its port."""
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    return name.lower().removesuffix(".")


def _is_foreign(headers: dict[bytes, bytes], host: str) -> bool:
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in (b"same-origin", b"none"):
        return True
    origin = headers.get(b"origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower() != host.lower()
    except ValueError:  # no address at all, such as http://[x
        return True


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
