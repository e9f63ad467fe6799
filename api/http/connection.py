"""How a connection begins, whose turn it is, and how it ends, beneath the protocol (api/http/protocol.py).

In turn: answers are due in the order of the requests. What cannot be taken is refused when all before it are
answered, and with that the connection ends. A client that ends its own side, as `nc -N` does, gets the
answers that are due.

Nobody waits for ever: a client may take so long to send a head, or the rest of a body that is answered
already; one that takes nothing of its answer is cut off. What is still sent when a connection ends is
read for a moment (api/http/unwanted_body.py), for its client to get the answer.
"""

import asyncio
import ssl
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.errors import Problem
from api.http import unwanted_body as unwanted
from api.http.connection_limit import ConnectionLimit, too_many
from api.http.head_limits import incomplete_request
from api.http.loop_share import CREDIT_BYTES_MAX, LoopShare
from api.http.publish_fast_path import problem_answer
from api.http.response_cycle import breaks_off, reset_at_close
from api.http.tls_layer import TlsLayer
from api.http.transport import ReadBuffer, Transport
from eventlog.tls.client_certificate import ShownCertificate, shown
from eventlog.tls.server_certificate import ServerCertificate

log = structlog.get_logger()

# A client that takes none of its answers for this long is cut off.
STUCK_SECONDS = 30.0
# A half-closed client whose answer takes long is asked so often whether it is still there.
ASK_SECONDS = 1.0


class _InTurn(FlowControl):
    """Reads nothing more while requests wait behind the one that is answered, or while it is held.

    uvicorn's goes on reading at each answer, and the requests of one client would pile up.
    """

    def __init__(self, transport: asyncio.Transport, waiting: Collection[object]) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self.held = False

    def resume_reading(self) -> None:
        if not self._waiting and not self.held:
            super().resume_reading()

    def hold(self) -> None:
        """Read nothing until it is let go."""
        self.held = True
        self.pause_reading()

    def let_go(self) -> None:
        """Read on, if nothing else is in the way."""
        self.held = False
        self.resume_reading()


class HttpConnection(HttpToolsProtocol):
    """One connection."""

    timeout_seconds: float
    connection_limit: ConnectionLimit
    pace: unwanted.DiscardPace
    share: LoopShare
    # Where TLS is spoken.
    server_certificate: ServerCertificate | None = None
    # What the client showed.
    certificate: ShownCertificate | None = None
    if TYPE_CHECKING:
        flow: _InTurn
    # What an answer without an end wants to be told: the server stops; the client has ended its side.
    on_shutdown: Callable[[], None] | None = None
    on_half_close: Callable[[], None] | None = None
    stopping = False
    # What is read of it without waiting for a turn, since it published well.
    credit_bytes = 0
    # Read, and not parsed yet.
    _unfed = b""
    # What comes next is of a head, which is so between two requests, too; and one has begun.
    _in_head = True
    _reads_head = False
    # What is answered by a task; uvicorn knows of the last request alone, which may wait behind it.
    served: RequestResponseCycle | None = None
    # Answers that are owed for requests that were read.
    _due = 0
    # Nothing more is parsed, and with what the connection ends, once no answer is due.
    _over = False
    _refusal: Problem | None = None
    _half_closed = False
    # Bytes that nobody wants, of the last request or behind it.
    _thrown_away = 0
    _counted = False
    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        reader: Any = self
        spoken = transport
        if self.server_certificate is not None:
            reader = TlsLayer(transport, self.server_certificate, self)
            spoken = cast(asyncio.Transport, reader)
        super().connection_made(spoken)
        transport.set_protocol(ReadBuffer(reader))
        self.transport = cast(asyncio.Transport, Transport(spoken, self._begins_to_linger))
        self.flow = _InTurn(spoken, self.pipeline)
        self._start_timer()
        self._counted = True
        if not self.connection_limit.admits(self, cast("Collection[HttpConnection]", self.connections)):
            self._refuse(too_many(self.connection_limit.connections_max))

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_watching()
        self._count_out()
        cast(Transport, self.transport).forget()
        if self.served is not None:
            self.served.disconnected = True
            self.served.message_event.set()
        super().connection_lost(exc)
        # What it holds refers to it again, and would be here until the collector comes to that.
        self._unfed = b""
        self._let_go_of_body()

    def _count_out(self) -> None:
        self.connection_limit.open -= self._counted
        self._counted = False

    def idle_since(self) -> float | None:
        """Return since when it is the client's turn to begin; None while it is not."""
        if not self._counted or self._due or self.transport.get_write_buffer_size():
            return None
        if self.timeout_keep_alive_task is not None:
            return self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        return None if self._deadline is None else self._deadline.when() - self.timeout_seconds

    def shed(self) -> None:
        """Close without a word, and count it out."""
        self._count_out()
        self.transport.abort()

    def _let_go_of_body(self) -> None:
        if self.cycle is not None:
            self.cycle.body = bytearray()

    def secured(self, tls: ssl.SSLObject) -> None:
        """Hear that the handshake is done."""
        self.certificate = shown(tls)

    def refuse_plain_http(self) -> None:
        """Answer a client that speaks no TLS where it is spoken."""
        detail = "this port speaks TLS: write https:// in the address, and not http://"
        self._refuse(Problem("tls_required", detail))

    # Whose turn it is.

    def on_response_complete(self) -> None:
        self._due -= 1
        # Of this one: another may be read already, behind the one that is answered now.
        if self.cycle.response_complete:
            self._let_go_of_body()
        self.served = None
        super().on_response_complete()
        if not self._due and (self._over or self._half_closed):
            self._end()

    def _refuse(self, problem: Problem | None) -> None:
        """Answer with a problem when all before is answered, and end; None ends it without a word."""
        self._over = True
        self._refusal = problem
        # It may hold the half of a header.
        self.parser = None  # type: ignore[assignment]
        if self._due:
            self.flow.hold()
        else:
            self._end()

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        if self._refusal is not None:
            closing = b"connection", b"close"
            self.transport.write(b"".join(problem_answer(self._refusal, uuid.uuid4(), closing)))
        self.transport.close()

    def _give_up_unfinished(self) -> bool:
        """Forget the request of which the body is being read; say whether it is still to be answered."""
        cycle = self.cycle
        if self._in_head or cycle.response_started:
            return self._in_head
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        cycle.disconnected = True
        cycle.message_event.set()
        self._due -= 1
        return True

    def eof_received(self) -> bool:  # type: ignore[override]
        """Say whether to keep the connection: for the answers that are due."""
        self._half_closed = True
        if self._over:
            return self._due > 0
        if self._reads_head or not self._in_head:
            self._refuse(incomplete_request() if self._give_up_unfinished() else None)
        elif self._due and self.on_half_close is not None:
            self.on_half_close()
        return self._due > 0 or self.transport.is_closing()

    @contextmanager
    def half_closed_clients_asked(self) -> Iterator[None]:
        """Find out, meanwhile, whether a client that ended its side is still there to read.

        Nothing else tells who has closed from who has said all. So something is sent that clients pass over
        (RFC 9110, 15.2), twice: who has gone answers the first with a reset, and the second then fails.
        """
        asking: list[asyncio.TimerHandle] = []

        def ask() -> None:
            if self.transport.is_closing() or self.cycle.response_started:
                return
            if self.cycle.scope["http_version"] == "1.1":
                self.transport.write(b"HTTP/1.1 102 Processing\r\n\r\n")
                asking[:] = [self.loop.call_later(ASK_SECONDS, ask)]

        self.on_half_close = ask
        try:
            if self._half_closed:
                ask()
            yield
        finally:
            self.on_half_close = None
            for timer in asking:
                timer.cancel()

    def shutdown(self) -> None:
        """Complete the answer under way, and then close."""
        super().shutdown()
        self.stopping = True
        if self.on_shutdown is not None:
            self.on_shutdown()

    # What nobody wants.

    def _begins_to_linger(self) -> bool:
        """At a close, say whether the client still sends; what it sends is thrown away then, for a while."""
        if self.cycle is not None and breaks_off(self.cycle):
            reset_at_close(self.transport.get_extra_info("socket"))
            self.transport.abort()  # not even TLS says that it is over
            return False
        unfinished = self.cycle is not None and self.cycle.more_body
        sends = self._refusal is not None or unfinished or self.flow.held or bool(self.pipeline)
        if not sends or self._half_closed or self.stopping or self.connection_limit.is_full:
            return False
        self._over = True
        self.pipeline.clear()
        self._start_timer(unwanted.LINGER_SECONDS)
        self.flow.let_go()
        return True

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > unwanted.BYTES_MAX:
            self.transport.abort()
        elif not self.pace.may_read(self._read_on):
            self.flow.hold()

    def _read_on(self) -> None:
        if not self._unfed:
            self.flow.let_go()

    def has_published(self) -> None:
        """Give it credit."""
        self.credit_bytes = CREDIT_BYTES_MAX

    # How long it may take.

    def _start_timer(self, seconds: float | None = None) -> None:
        self._stop_timer()
        self._deadline = self.loop.call_later(seconds or self.timeout_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._due or self._unfed:
            # Another request is still being answered, so it may be us who do not read on.
            self._start_timer()
        elif self.transport.is_closing():
            self._stop_lingering()
        elif self._reads_head or self.cycle is None:
            detail = f"the headers of a request may take {self.timeout_seconds:g} seconds"
            self._refuse(Problem("headers_too_slow", detail))
        else:
            self.transport.close()

    def _stop_lingering(self) -> None:
        if self.transport.get_write_buffer_size():
            self._start_timer(unwanted.LINGER_SECONDS)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()
        self.connection_limit.sends(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()

    @property
    def unsent(self) -> int:
        """Bytes of answers that the client has not taken."""
        return self.transport.get_write_buffer_size()

    def cut_off(self) -> None:
        """Close on a client that takes too little of its answer."""
        self.connection_limit.cut += 1
        log.warning("stuck_reader_cut", seconds=STUCK_SECONDS, bytes=self.unsent)
        self.transport.abort()

    def _stop_watching(self) -> None:
        self.connection_limit.sent(self)
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _watch_writing(self) -> None:
        waits = self.transport.get_write_buffer_size()

        def look() -> None:
            if self.transport.get_write_buffer_size() < waits:
                self._watch_writing()
            else:
                self.cut_off()

        self._stuck = self.loop.call_later(STUCK_SECONDS, look)
