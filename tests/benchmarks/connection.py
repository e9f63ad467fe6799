"""HTTP/1.1 on a kept connection, with as little work as can be: what it costs is taken from the server.

It knows answers that carry Content-Length, which is all that this API sends to a publish or a read.
"""

import asyncio
from collections.abc import Callable
from typing import cast

# Status, the answer's body.
Answered = Callable[["Connection", int, bytes], None]

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


def request_head(method: str, target: str, headers: dict[str, str]) -> str:
    """Return a request's head but for Content-Length and the empty line."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items())]) + "\r\n"


def with_body(head: str, body: bytes) -> bytes:
    """Return a whole request."""
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One request under way at a time; `answered` is called with each answer and may send the next."""

    def __init__(self, answered: Answered, lost: Callable[["Connection"], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self.request = -1  # the number of the request under way, for whoever sends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone

    def connection_lost(self, error: Exception | None) -> None:
        self._lost(self)

    def send(self, number: int, request: bytes) -> None:
        """Send a request's bytes."""
        assert self._transport is not None
        self.request = number
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        end = received.find(HEAD_END)
        if end < 0:
            self._received = received
            return
        head = received[:end].lower()
        at = head.find(LENGTH) + len(LENGTH)
        stop = head.find(b"\r", at)
        total = end + 4 + int(head[at : stop if stop >= 0 else None])
        if len(received) < total:
            self._received = received
            return
        self._received = received[total:]
        self._answered(self, int(received[9:12]), received[end + 4 : total])
