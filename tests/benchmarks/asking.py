"""Ask the API, one request after the other on one connection, and take the time of each answer."""

import socket
import time
from functools import cached_property
from types import TracebackType
from typing import Self

from tests.benchmarks.connection import HEAD_END, LENGTH, request_head


class Asker:
    """One connection, made when first asked: what is prepared may take longer than one is kept open."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "_socket" in self.__dict__:
            self._socket.close()

    @cached_property
    def _socket(self) -> socket.socket:
        made = socket.create_connection(self._address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def get(self, target: str) -> tuple[float, int, bytes]:
        """Return the seconds it took, the status and the body."""
        request = f"{request_head('GET', target, {})}\r\n".encode()
        connection = self._socket
        began = time.perf_counter()
        connection.sendall(request)
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
