"""A connection's transport as the protocol sees it, and the buffer into which all of them read."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

# One buffer for all connections of a process. A read of the event loop's own would be up to 250 KiB, of which
# a client could have each connection keep one. A client with good publishes may have a large batch read at
# once.
READ_BYTES = 1 << 14
PUBLISHERS_READ_BYTES = 1 << 18
_ALL = memoryview(bytearray(PUBLISHERS_READ_BYTES))
_PART = _ALL[:READ_BYTES]


class _Reader(Protocol):
    """The receiver of what is read."""

    credit_bytes: int


class ReadBuffer(asyncio.BufferedProtocol):
    """Hands what comes to a protocol."""

    def __init__(self, protocol: Any) -> None:
        self._protocol: _Reader = protocol
        self._take: Callable[[bytes], None] = protocol.data_received
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return _ALL if self._protocol.credit_bytes else _PART

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self._take(bytes(_ALL[:nbytes]))


class Transport:
    """Closes in two steps where the client still sends: no more is written, what comes is read to its end.

    To close at once would have the kernel answer what still comes with a reset, which takes the last answer
    from the client.
    """

    def __init__(self, transport: asyncio.Transport, lingers: Callable[[], bool]) -> None:
        """`lingers` says whether to go on reading; to close a second time ends that."""
        self._transport = transport
        self._lingers = lingers
        # As they are: they are called with each request.
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def close(self) -> None:
        """Write nothing more."""
        if self._transport.is_closing():
            return
        if self.is_closing() or not self._lingers():
            self._transport.close()
            return
        self.is_closing = lambda: True
        self.write = lambda data: None
        self._transport.write_eof()

    def forget(self) -> None:
        """Let go of the protocol, which holds this."""
        self._lingers = lambda: False
