"""Ask the API, one request after the other on one connection, and take the time of each answer."""

import socket
import time
from types import TracebackType
from typing import Self

from tests.benchmarks.connection import HEAD_END, LENGTH, request_head


class Asker:
    """One connection. Use as a context manager."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def get(self, target: str) -> tuple[float, int, bytes]:
        """Return the seconds it took, the status and the body."""
        request = f"{request_head('GET', target, {})}\r\n".encode()
        began = time.perf_counter()
        self._socket.sendall(request)
        received = b""
        while (end := received.find(HEAD_END)) < 0:
            received += self._receive()
        head = received[:end].lower()
        start = head.index(LENGTH) + len(LENGTH)
        size = int(head[start:].split(b"\r", 1)[0])
        pieces = [received[end + len(HEAD_END) :]]
        missing = size - len(pieces[0])
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        return time.perf_counter() - began, int(received[9:12]), b"".join(pieces)

    def _receive(self) -> bytes:
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the API closed the connection")
        return piece
