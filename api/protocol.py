"""uvicorn's HTTP protocol, with a limit on how long a request's headers may take, and a short way.

uvicorn has none: a client that sends a byte a minute, or nothing at all, would hold its connection
for ever. And what is no HTTP is answered with a problem document like everything else.

The short way is for publishes whose body comes together with their head (api/direct.py): for them no
task is started. uvicorn keeps the order of pipelined requests, since it asks for the next task only when
the last answer is complete.

A publish for which there is no room is refused by its head alone. uvicorn then drops the body as it
comes; how long that may take is limited here.
"""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.direct import Direct, problem_answer
from api.errors import Problem
from api.gate import TARGET_BYTES_MAX, target_too_long


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
    # Of the request whose head is read; uvicorn sets it when the first begins.
    url = b""
    _deadline: asyncio.TimerHandle | None = None
    _reads_head = False
    # A request that may go the short way once its body is there.
    _plain: tuple[RequestResponseCycle, Any] | None = None
    # The answer has gone out before the body came.
    _drops_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        self._reads_head = True

    def on_headers_complete(self) -> None:
        self._reads_head = False
        self._stop_timer()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        direct: Direct | None = self.app_state.get("direct")
        if direct is None or not direct.is_plain(cycle.scope):
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            # To close on a client that still sends would lose it the answer.
            if cycle.keep_alive and direct.turn_away(cycle.scope, partial(self._respond, cycle)):
                self._drops_body = True
                self._start_timer()
            else:
                self._plain = cycle, app
        else:
            self._answer_directly(direct, cycle, app)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._drops_body:
            self._drops_body = False
            self._stop_timer()
            # uvicorn forgets it as soon as more of the body comes.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._plain is not None:
            cycle, app = self._plain
            self._plain = None
            self._answer_directly(self.app_state["direct"], cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._reads_head and self._deadline is None:
            self._start_timer()
        if self._plain is not None:
            # The rest of its body is under way, and may be for long.
            cycle, app = self._plain
            self._plain = None
            super()._start_asgi_task(cycle, app)

    def _answer_directly(self, direct: Direct, cycle: RequestResponseCycle, app: Any) -> None:
        body = bytes(cycle.body)
        if self.flow.write_paused or not direct.publish(body, partial(self._respond, cycle)):
            super()._start_asgi_task(cycle, app)
        else:
            # The rows have all of it, and many wait here under load.
            cycle.body = bytearray()

    def _respond(self, cycle: RequestResponseCycle, status: bytes, rest: bytes) -> None:
        """Send a whole answer, as the cycle would in parts."""
        if cycle.disconnected or self.transport.is_closing():
            return
        lines = [status, *(name + b": " + value + b"\r\n" for name, value in cycle.default_headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join((*lines, rest)))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

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
        # A target of 64 KiB and more is refused by the parser, before the gate sees it.
        if len(self.url) > TARGET_BYTES_MAX:
            self._answer_and_close(target_too_long())
        else:
            self._answer_and_close(Problem(400, "invalid_http", "this is no valid HTTP/1.1 request"))

    def _start_timer(self) -> None:
        self._deadline = self.loop.call_later(self.timeout_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._drops_body:
            self.transport.close()
        elif not self.transport.is_closing():
            detail = f"the headers of a request may take {self.timeout_seconds:g} seconds"
            self._answer_and_close(Problem(408, "headers_too_slow", detail, retryable=True))

    def _answer_and_close(self, problem: Problem) -> None:
        self.transport.write(b"".join(problem_answer(problem, uuid.uuid4(), (b"connection", b"close"))))
        self.transport.close()
