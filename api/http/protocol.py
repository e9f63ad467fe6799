"""uvicorn's HTTP protocol, with bounds on what one connection can have us keep, and a short way.

Bounded while it comes: the parser tells of a header when all of it is there, and of the extensions of chunks
not at all. So what comes is fed to it in parts, and the bytes of a head, or of a body's framing, are counted
part by part. Trailers are refused: uvicorn would add them to headers that were checked already. Few requests
wait for their turn; what is behind them is neither parsed nor read. A body that nobody wants is dropped.
What is no HTTP is answered with a problem document like everything else.

The fast path is for publishes whose body comes together with their head (api/http/publish_fast_path.py): for
them no task is started. uvicorn keeps the order of pipelined requests, since it asks for the next task only
when the last answer is complete. A publish for which there is no room is refused by its head alone.

Java's HTTP clients offer with each request to go on by HTTP/2 (Upgrade: h2c). The parser then takes what
follows the head for another protocol, and not for the body; so it is told the head again, without the offer.
"""

from functools import partial
from time import monotonic
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.errors import Problem
from api.http import head_limits as heads
from api.http.authentication import Caller
from api.http.connection import HttpConnection
from api.http.known_head import KnownCycle, KnownHead, known_head
from api.http.loop_share import CREDIT_BYTES_MAX
from api.http.publish_fast_path import PublishFastPath
from api.http.response_cycle import is_peculiar, peculiar_send

# The parser makes a request of every 18 bytes, and each takes a hundred times as much.
HEAD_PART_BYTES = 1 << 7
# Of a body in chunks.
PART_BYTES = 1 << 10
# Of a body whose length is known, and which is followed by nothing.
BODY_PART_BYTES = 1 << 16
PIPELINED_MAX = 4
# How many bytes of framing one byte of a body pays for: chunks of one byte have five.
FRAMING_OF_A_BYTE = 8


class BoundedProtocol(HttpConnection):
    """Feeds the parser, and starts what it tells of."""

    # Of the request whose head is read; uvicorn sets it when the first begins.
    url = b""
    # Bytes since a head or a message was complete, less what a body's bytes pay for.
    _overhead = 0
    # Of the body that is read, so far.
    _body_bytes = 0
    # Why the parser was stopped.
    _flaw: Problem | None = None
    # Bytes of this call that nobody wants.
    _dropped = 0
    # A request that may go the short way once its body is there.
    _plain: tuple[RequestResponseCycle, Any] | None = None
    # Within a call that brings bytes.
    _feeding = False
    # All that this call brings, if it begins with a request.
    _whole: bytes | None = None
    # What the last head was of a publish that came whole.
    _known: KnownHead | None = None

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._known is not None and self._is_known(data):
            return
        if self._unfed:
            self._put_off(self._unfed + data)
        elif self._over or self.credit_bytes or not self.share.is_used_up:
            self._take(data)
        else:
            self._put_off(data)
            self.share.wait(self._feed_on)

    def _put_off(self, data: bytes) -> None:
        self._unfed = data
        self.flow.hold()

    def _take(self, data: bytes) -> None:
        if self._over:
            self._throw_away(len(data))
            return
        self.share.begin()
        try:
            self._parse(data)
        finally:
            self.share.end()
        if self._unfed:
            return
        if self._deadline is None and self.timeout_keep_alive_task is None and self._waits_for_client():
            self._start_timer()

    def _parse(self, data: bytes) -> None:
        self._feeding = True
        self._whole = None if self._reads_head or not self._in_head else data
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._plain = None
            answered = not self._give_up_unfinished()
            self._refuse(None if answered else self._flaw or heads.invalid_http())
        finally:
            self._feeding = False
            self._whole = None
        if self._plain is not None:
            # The rest of its body is under way, and may be for long.
            cycle, app = self._plain
            self._plain = None
            super()._start_asgi_task(cycle, app)
        if self._dropped:
            size, self._dropped = self._dropped, 0
            self._throw_away(size)

    def _feed(self, data: bytes) -> None:
        """Parse in parts, until as many requests wait, here or elsewhere, as may: then the rest waits too."""
        at, end = 0, len(data)
        while at < end and not self._over:
            if len(self.pipeline) >= PIPELINED_MAX:
                self._put_off(data[at:])
                return
            if at and not self.credit_bytes and self.share.is_used_up:
                self._put_off(data[at:])
                self.share.wait(self._feed_on)
                return
            size = self._part_bytes()
            self.credit_bytes = max(0, self.credit_bytes - size)
            self._feed_part(data if at == 0 and end <= size else data[at : at + size])
            at += size

    def _part_bytes(self) -> int:
        """Return how much to parse at once, so that few requests can be in it."""
        if self._in_head:
            return HEAD_PART_BYTES
        for name, value in self.headers:
            if name == b"content-length":
                return max(1, min(BODY_PART_BYTES, int(value) - self._body_bytes))
        return PART_BYTES

    def _feed_part(self, part: bytes) -> None:
        self._overhead += len(part)
        while True:
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as offer:
                method = self.parser.get_method()
                if method == b"CONNECT":
                    raise httptools.HttpParserError from None
                version = self.parser.get_http_version()
                head = heads.without_offer(method, self.url, version, self.headers)
                part = head + part[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                break
        if self._overhead > heads.OVERHEAD_BYTES_MAX:
            unfinished = heads.headers_too_large() if self._reads_head else heads.invalid_http()
            self._stop_parser(unfinished if self._in_head else heads.framing_too_large())

    def _stop_parser(self, flaw: Problem) -> None:
        self._flaw = flaw
        raise httptools.HttpParserError(flaw.code)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unfed and len(self.pipeline) < PIPELINED_MAX:
            # Not in this call: it may be one of many within each other.
            self.share.wait(self._feed_on)

    def _feed_on(self) -> None:
        data, self._unfed = self._unfed, b""
        if data and not self.transport.is_closing():
            self.flow.held = False
            if self._known is None or not self._is_known(data):
                self._take(data)
            self.flow.resume_reading()

    # What the parser tells.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        self._reads_head = True

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > heads.TARGET_BYTES_MAX:
            self._stop_parser(heads.target_too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            self._stop_parser(heads.trailers_refused())
        if len(self.headers) == heads.HEADERS_MAX:
            self._stop_parser(heads.headers_too_large())
        # As uvicorn does.
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        elif name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self._stop_parser(heads.other_transfer_coding())
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self._overhead > heads.HEADER_BYTES_MAX and heads.are_too_large(self.headers):
            self._stop_parser(heads.headers_too_large())
        if self.parser.get_http_version() == "1.0" and any(
            n == b"transfer-encoding" for n, _ in self.headers
        ):
            self._stop_parser(heads.chunks_of_an_old_version())
        self._in_head = self._reads_head = False
        self._overhead = self._thrown_away = self._body_bytes = 0
        self._stop_timer()
        self._due += 1
        if not self.url.startswith(b"/"):
            self.headers[:] = heads.with_host_of(self.url, self.headers)
        before = self.cycle
        try:
            super().on_headers_complete()
        except Exception:
            if self.cycle is before:  # its target is none: it is still a head that is refused
                self._in_head = True
                self._due -= 1
            raise
        if is_peculiar(self.cycle):
            self.cycle.send = peculiar_send(self.cycle)  # type: ignore[assignment,method-assign]

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._overhead = max(0, self._overhead - (1 + FRAMING_OF_A_BYTE) * len(body))
        if self.cycle.response_started or self.cycle.scope["method"] != "POST":
            self._dropped += len(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True
        self._overhead = 0
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

    def _is_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _waits_for_client(self) -> bool:
        """Say whether it is the client's turn: to begin, or to end what is answered or whose head is read."""
        if self.transport.is_closing():
            return False
        return self._reads_head or self.cycle is None or self._is_answered()

    # The short way.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.served = cycle
        # Armed by a request that was refused by its head, if this one came with its body's end.
        self._unset_keepalive_if_required()
        direct: PublishFastPath | None = self.app_state.get("direct")
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

    def _turns_away(self, direct: PublishFastPath, cycle: RequestResponseCycle) -> bool:
        # A client that reads no answers gets no more of them.
        if self.flow.write_paused:
            return False
        return direct.turn_away(cycle.scope, partial(self._respond, cycle))

    def _answer_directly(self, direct: PublishFastPath, cycle: RequestResponseCycle, app: Any) -> None:
        body = bytes(cycle.body)
        caller: Caller = cycle.scope["caller"]  # type: ignore[typeddict-item]
        if self.flow.write_paused or not direct.publish(body, partial(self._respond, cycle), caller):
            super()._start_asgi_task(cycle, app)
            return
        # The rows have all of it, and many wait here under load.
        cycle.body = bytearray()
        if self._whole is not None and cycle.keep_alive:
            self._known = known_head(self._whole, len(body), caller)
        self.has_published()

    def _is_known(self, data: bytes) -> bool:
        """Answer a publish whose head is the last one's, byte for byte; False when nothing was done."""
        assert self._known is not None
        if (
            self._due
            or self._unfed
            or not self._in_head
            or self._reads_head
            or self._over
            or self.flow.write_paused
        ):
            return False
        direct: PublishFastPath = self.app_state["direct"]
        caller = self._known.caller
        body = self._known.body_of(data)
        if body is None or not direct.still_holds(caller):
            return False
        if not self.share.is_turn_of(caller.id):
            self._put_off(data)
            self.share.wait(self._feed_on)
            return True
        cycle = KnownCycle(self.server_state.default_headers)
        began = monotonic() if self.share.counts_keys else None
        taken = direct.publish(body, partial(self._respond, cycle), caller)
        if began is not None:
            self.share.used_by(caller.id, monotonic() - began)
        if not taken:
            return False
        self.cycle = cycle
        self._due = 1
        self.credit_bytes = CREDIT_BYTES_MAX
        self._stop_timer()
        return True

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
