"""Between the shipper and the API: strike at the nth publish, before it arrives or before it is answered."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK_BYTES = 1 << 16
POST = b"POST /publish"


class Strike:
    """What is done at the nth publish from now; `after` it has been answered, or before it arrives."""

    def __init__(self, nth: int, act: Callable[[], None], *, after: bool) -> None:
        self.left = nth
        self.act = act
        self.after = after


class Proxy:
    """Pass bytes on, both ways, on a port of its own."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._strikes: list[Strike] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def strike(self, strike: Strike) -> None:
        """Arm one."""
        with self._lock:
            self._strikes.append(strike)

    def disarm(self) -> None:
        """Let everything through."""
        with self._lock:
            self._strikes.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            struck = threading.Event()
            back = threading.Thread(target=self._answer, args=(server, client, struck), daemon=True)
            back.start()
            self._ask(client, server, struck)
            back.join()

    def _ask(self, client: socket.socket, server: socket.socket, struck: threading.Event) -> None:
        """Requests come one after the other on a connection, so that each begins with a chunk."""
        try:
            while data := client.recv(CHUNK_BYTES):
                due = self._due() if data.startswith(POST) else None
                if due is not None and not due.after:
                    _cut(client)
                    due.act()
                    return
                if due is not None:
                    self._struck_with = due
                    struck.set()
                server.sendall(data)
        finally:
            _cut(server)

    def _answer(self, server: socket.socket, client: socket.socket, struck: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(CHUNK_BYTES):
                if struck.is_set():
                    _cut(client)
                    self._struck_with.act()
                    break
                client.sendall(data)
        _cut(client)

    def _due(self) -> Strike | None:
        with self._lock:
            for strike in self._strikes:
                strike.left -= 1
            due = [strike for strike in self._strikes if strike.left <= 0]
            if due:
                self._strikes.remove(due[0])
                return due[0]
            return None


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
