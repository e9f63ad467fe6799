"""uvicorn's HTTP protocol, with a limit on how long a request's headers may take, and a short way.

uvicorn has none: a client that sends a byte a minute, or nothing at all, would hold its connection
for ever. And what is no HTTP is answered with a problem document like everything else.

The short way is for publishes whose body comes together with their head (api/direct.py): for them no
task is started. uvicorn keeps the order of pipelined requests, since it asks for the next task only when
the last answer is complete.

A publish for which there is no room is refused by its head alone. uvicorn then drops the body as it
comes; how long that may take is limited here, as it is for everything answered before its body came.

Java's HTTP clients offer with each request to go on by HTTP/2 (Upgrade: h2c). The parser then takes what
follows the head for another protocol, and not for the body; so it is told the head again, without the offer.
"""

import asyncio
import re
import uuid
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.direct import Direct, problem_answer
from api.errors import Problem
from api.gate import TARGET_BYTES_MAX, target_too_long

ABSOLUTE_FORM = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#]*)")
# What a request says that offers another protocol, as headers and as options of Connection.
OF_AN_OFFER = frozenset({b"upgrade", b"http2-settings"})


def protocol_class(receive_timeout_seconds: float) -> type[HttpToolsProtocol]:
    """Return the protocol with its time limit."""

    class Protocol(TimedProtocol):
        timeout_seconds = receive_timeout_seconds

    return Protocol


class _InTurn(FlowControl):
    """Reads nothing more while requests wait behind the one that is answered.

    uvicorn's goes on reading at each answer, and the requests of one client would pile up.
    """

    def __init__(self, transport: asyncio.Transport, waiting: Collection[object]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


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
    # Within a call that brings bytes.
    _feeding = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _InTurn(transport, self.pipeline)
        self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        self._reads_head = True

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._reads_head = False
        self._stop_timer()
        if not self.url.startswith(b"/"):
            self._take_host_of_target()
        super().on_headers_complete()

    def _take_host_of_target(self) -> None:
        """Let the host that a target names be the request's, whatever Host says (RFC 9112, 3.2.2)."""
        if named := ABSOLUTE_FORM.match(self.url):
            others = [(name, value) for name, value in self.headers if name != b"host"]
            self.headers[:] = [*others, (b"host", named["host"])]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # Armed by a request that was refused by its head, if this one came with its body's end.
        self._unset_keepalive_if_required()
        direct: Direct | None = self.app_state.get("direct")
        if direct is None or not direct.is_plain(cycle.scope):
            super()._start_asgi_task(cycle, app)
        elif not cycle.more_body:
            self._answer_directly(direct, cycle, app)
        elif self._turns_away(direct, cycle):
            self._start_timer()
        elif self._feeding:
            self._plain = cycle, app
        else:
            # It has waited for its turn, and perhaps no more of it comes.
            super()._start_asgi_task(cycle, app)

    def _turns_away(self, direct: Direct, cycle: RequestResponseCycle) -> bool:
        # To close on a client that still sends would lose it the answer; and one that reads no answers gets
        # no more of them.
        if not cycle.keep_alive or self.flow.write_paused:
            return False
        return direct.turn_away(cycle.scope, partial(self._respond, cycle))

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        if self._is_answered():
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
        self._unset_keepalive_if_required()
        self._feeding = True
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        finally:
            self._feeding = False
        if self._plain is not None:
            # The rest of its body is under way, and may be for long.
            cycle, app = self._plain
            self._plain = None
            super()._start_asgi_task(cycle, app)
        if self._deadline is None and self.timeout_keep_alive_task is None and self._waits_for_client():
            self._start_timer()

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":
                    self.send_400_response("")
                    return
                data = self._head_without_offer() + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                return

    def _head_without_offer(self) -> bytes:
        """Return the head that was read, as if its client had not offered another protocol."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                options = [option.strip() for option in value.split(b",")]
                kept = [option for option in options if option.lower() not in OF_AN_OFFER]
                lines.append(b"connection: " + b", ".join(kept))
            elif name not in OF_AN_OFFER:
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def _is_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _waits_for_client(self) -> bool:
        """Say whether it is the client's turn: to begin, or to end what is answered or whose head is read."""
        if self.transport.is_closing():
            return False
        return self._reads_head or self.cycle is None or self._is_answered()

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
        self._stop_timer()
        self._deadline = self.loop.call_later(self.timeout_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # Another request is still answered, and we may be who does not read on.
            self._start_timer()
        elif self._reads_head or self.cycle is None:
            detail = f"the headers of a request may take {self.timeout_seconds:g} seconds"
            self._answer_and_close(Problem(408, "headers_too_slow", detail, retryable=True))
        else:
            self.transport.close()

    def _answer_and_close(self, problem: Problem) -> None:
        self.transport.write(b"".join(problem_answer(problem, uuid.uuid4(), (b"connection", b"close"))))
        self.transport.close()
