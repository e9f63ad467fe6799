"""uvicorn's HTTP protocol, with a limit on how long a request's headers may take.

uvicorn has none: a client that sends a byte a minute, or nothing at all, would hold its connection
for ever. And what is no HTTP is answered with a problem document like everything else.
"""

import asyncio
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.errors import Problem


def protocol_class(receive_timeout_seconds: float) -> type[HttpToolsProtocol]:
    """Return the protocol with its time limit."""

    class Protocol(TimedProtocol):
        timeout_seconds = receive_timeout_seconds

    return Protocol


class TimedProtocol(HttpToolsProtocol):
    """Answers 408 and closes when headers do not arrive in time."""

    timeout_seconds: float
    # What an answer without an end wants to be told when the server stops.
    on_shutdown: Callable[[], None] | None = None
    stopping = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        if self._deadline is None:
            self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Complete the answer under way, and then close."""
        super().shutdown()
        self.stopping = True
        if self.on_shutdown is not None:
            self.on_shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._answer_and_close(Problem(400, "invalid_http", "this is no valid HTTP/1.1 request"))

    def _start_timer(self) -> None:
        self._deadline = self.loop.call_later(self.timeout_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            detail = f"the headers of a request may take {self.timeout_seconds:g} seconds"
            self._answer_and_close(Problem(408, "headers_too_slow", detail, retryable=True))

    def _answer_and_close(self, problem: Problem) -> None:
        request_id = uuid.uuid4()
        start, body = problem.messages(request_id)
        headers: Any = start["headers"]
        lines = [
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode(),
            b"x-request-id: " + str(request_id).encode(),
            b"connection: close",
            *(name + b": " + value for name, value in headers),
        ]
        content: Any = body["body"]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + content)
        self.transport.close()
