"""TLS between a connection's socket and its protocol, for both of which it stands in for the other.

The event loop has TLS of its own. It tells of a connection only when the handshake is done, so that those who
never do it would be counted nowhere; keeps a buffer of 256 KiB for each; closes on a client that has ended
its side; and cannot end its own side before the connection. Here a connection is one of those that
api/http/connection_limit.py counts from its first moment, the time for its handshake is that for the head of
its first request, handshakes wait for their share of the event loop as all that strangers send, and what is
known of a connection is OpenSSL's own state and no more than what is not yet a whole record.
"""

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from eventlog.tls.server_certificate import ServerCertificate

if TYPE_CHECKING:
    from api.http.connection import HttpConnection

# What TLS begins with: a record of a handshake. A method's name begins with a letter.
HANDSHAKE = 0x16
RECORD_BYTES_MAX = 1 << 14


# Nothing has come; the handshake; it is done; it has failed; the client speaks no TLS.
State = Literal["silent", "shaking", "open", "failed", "plain"]


class TlsLayer:
    """Of one connection. Methods are a transport's for the protocol, and a protocol's for the transport."""

    def __init__(
        self, transport: asyncio.Transport, certificate: ServerCertificate, http: "HttpConnection"
    ) -> None:
        self._transport = transport
        self._certificate = certificate
        self._http = http
        self._context = certificate.current.context
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._state: State = "silent"
        self._their_end = self._our_end = False
        self.pause_writing = http.pause_writing
        self.resume_writing = http.resume_writing
        self.is_closing = transport.is_closing
        self.abort = transport.abort
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    # For the transport.

    @property
    def credit_bytes(self) -> int:
        """What may be read of it at once."""
        return self._http.credit_bytes

    def data_received(self, data: bytes) -> None:
        """Take what came over the wire."""
        if self._our_end or self._state == "plain":
            self._http.data_received(data)  # which throws it away
        elif self._state == "open":
            self._incoming.write(data)
            self._read()
        elif self._state == "shaking" or (self._state == "silent" and data[0] == HANDSHAKE):
            self._state = "shaking"
            self._incoming.write(data)
            self._shake_in_turn()
        elif self._state == "silent":
            self._meet_stranger(data)

    def eof_received(self) -> bool:
        """Hear that the client sends nothing more; say whether to keep the connection."""
        if self._their_end:
            return True
        self._their_end = True
        return self._state in ("open", "plain") and self._http.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that it is over."""
        if self._state in ("silent", "shaking"):
            self._certificate.handshakes["left"] += 1
        self._http.connection_lost(exc)
        del self._http, self.pause_writing, self.resume_writing

    # For the protocol.

    def write(self, data: bytes) -> None:
        """Send."""
        if self._state == "plain":
            self._transport.write(data)
        elif self._state != "open":
            self._transport.abort()  # nothing can be said yet, so nothing is to be said any more
        elif data and not self._our_end:
            self._encrypt(memoryview(data))

    def write_eof(self) -> None:
        """Say that nothing more is sent, and go on reading."""
        self._say_farewell()
        self._transport.write_eof()

    def close(self) -> None:
        """End it when all is sent."""
        self._say_farewell()
        self._transport.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return self._context if name == "sslcontext" else self._transport.get_extra_info(name, default)

    # The handshake.

    def _meet_stranger(self, data: bytes) -> None:
        if not data[:1].isalpha():
            self._fail()
            self._transport.abort()
            return
        self._state = "plain"
        self._certificate.handshakes["plain_http"] += 1
        self._http.refuse_plain_http()

    def _shake_in_turn(self) -> None:
        if self._http.share.is_used_up:
            self._transport.pause_reading()
            self._http.share.wait(self._shake_later)
        else:
            self._shake()

    def _shake_later(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._shake()

    def _shake(self) -> None:
        self._http.share.begin()
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError:
            self._fail()
            self._flush()  # the alert that says why
            self._transport.close()
            return
        finally:
            self._http.share.end()
        self._state = "open"
        self._certificate.handshakes["done"] += 1
        self._flush()
        self._http.secured(self._tls)
        self._read()

    def _fail(self) -> None:
        self._state = "failed"
        self._certificate.handshakes["failed"] += 1

    # Records.

    def _read(self) -> None:
        """Hand over all that has come whole, at once: a request that came whole is answered sooner."""
        parts: list[bytes] = []
        try:
            while part := self._tls.read(RECORD_BYTES_MAX):
                parts.append(part)
            self._their_end = True  # the client's own close_notify
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._their_end = True
        except ssl.SSLError:
            self._flush()
            self._transport.abort()
            return
        self._flush()
        if parts:
            self._http.data_received(parts[0] if len(parts) == 1 else b"".join(parts))
        if self._their_end and not self._transport.is_closing() and not self._http.eof_received():
            self.close()

    def _encrypt(self, rest: memoryview) -> None:
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:
            self._transport.abort()
            return
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._transport.write(self._outgoing.read())

    def _say_farewell(self) -> None:
        if self._state != "open" or self._our_end:
            return
        self._our_end = True
        with suppress(ssl.SSLError):  # it would wait for the client's
            self._tls.unwrap()
        self._flush()
