"""Clients that send without end what is no request, or nothing that anybody wants."""

import errno
import selectors
import socket
import time

import msgspec

BLOCK = 1 << 16
HEAD = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


class Kind(msgspec.Struct, frozen=True):
    """What a client says first, and then again and again. `reads`: it reads what is answered."""

    first: bytes
    again: bytes
    reads: bool = True


def _post(path: bytes, rest: bytes, headers: bytes = JSON) -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + HEAD + headers + rest


def _filled(unit: bytes) -> bytes:
    return unit * (BLOCK // len(unit))


LENGTH = b"Content-Length: 67108864\r\n\r\n"
CHUNK = b"10000\r\n" + b"x" * BLOCK + b"\r\n"

KINDS = {
    "an endless header line": Kind(b"GET / HTTP/1.1\r\n" + HEAD + b"X: ", _filled(b"x")),
    "an endless header name": Kind(b"GET / HTTP/1.1\r\n" + HEAD, _filled(b"x")),
    "headers without end": Kind(b"GET / HTTP/1.1\r\n" + HEAD, _filled(b"a:\r\n")),
    "headers of a pipelined request": Kind(
        b"GET /livez HTTP/1.1\r\n" + HEAD + b"\r\nGET / HTTP/1.1\r\n", _filled(b"a:b\r\n")
    ),
    "an endless target": Kind(b"GET /", _filled(b"x")),
    "an endless method": Kind(b"", _filled(b"G")),
    "garbage": Kind(b"", bytes(range(256)) * (BLOCK // 256)),
    "empty lines before a request": Kind(b"", _filled(b"\r\n")),
    "an endless chunk extension": Kind(_post(b"/publish", CHUNKED + b"1;x="), _filled(b"x")),
    "chunks that are nearly all extension": Kind(
        _post(b"/publish", CHUNKED), b"1;x=" + b"x" * 8_000 + b"\r\n1\r\n"
    ),
    "an endless trailer": Kind(_post(b"/publish", CHUNKED + b"0\r\nx: "), _filled(b"x")),
    "trailers without end": Kind(_post(b"/publish", CHUNKED + b"0\r\n"), _filled(b"a:b\r\n")),
    "requests whose answers are not read": Kind(
        b"", _filled(b"GET / HTTP/1.1\r\nHost:localhost\r\n\r\n"), False
    ),
    "refusals that are not read": Kind(b"", _filled(b"GET / HTTP/1.1\r\n\r\n"), False),
    "a body that is not wanted": Kind(b"GET /stats HTTP/1.1\r\n" + HEAD + LENGTH, _filled(b"x")),
    "chunks that are not wanted": Kind(b"GET /stats HTTP/1.1\r\n" + HEAD + CHUNKED, CHUNK),
    "a body on a stream": Kind(b"GET /events/stream HTTP/1.1\r\n" + HEAD + LENGTH, _filled(b"x")),
    "a body to nowhere": Kind(_post(b"/nowhere", LENGTH), _filled(b"x")),
    "a body with a rebuild": Kind(_post(b"/projections/none/rebuild", CHUNKED), CHUNK),
    "a body with a retry": Kind(_post(b"/quarantine/0:1/retry", CHUNKED), CHUNK),
    "a statement too long": Kind(_post(b"/sql", LENGTH), _filled(b"x")),
    "a statement in chunks": Kind(_post(b"/sql", CHUNKED), CHUNK),
    "a publish too large": Kind(_post(b"/publish", LENGTH), _filled(b"x")),
    "a foreign publish": Kind(_post(b"/publish", b"Origin: http://evil.example\r\n" + CHUNKED), CHUNK),
    "bytes after a close": Kind(
        b"GET /livez HTTP/1.1\r\nConnection: close\r\n" + HEAD + b"\r\n", _filled(b"x")
    ),
}


class _Client:
    """One connection after the other."""

    def __init__(self, address: tuple[str, int], kind: Kind) -> None:
        self._address = address
        self._kind = kind
        self.sent = 0
        self._open()

    def _open(self) -> None:
        self.link = socket.socket()
        self.link.setblocking(False)
        self.link.connect_ex(self._address)
        self._rest = memoryview(self._kind.first or self._kind.again)

    def go_on(self, readable: bool, writable: bool) -> bool:
        """Read and send what can be; say whether the service still takes something."""
        try:
            if readable and not self.link.recv(1 << 18):
                return False
            if writable:
                count = self.link.send(self._rest)
                self.sent += count
                self._rest = self._rest[count:] or memoryview(self._kind.again)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.ENOTCONN)
        return True

    def again(self) -> None:
        self.link.close()
        self._open()


def flood(
    address: tuple[str, int],
    kind: Kind,
    *,
    connections: int,
    bytes_each: int,
    seconds: float,
    again: bool = False,
) -> tuple[int, int]:
    """Send so much on each, or for so long. Returns bytes sent, and how often the service closed.

    again: who is closed on comes again, at once.
    """
    end = time.monotonic() + seconds
    closes = 0
    events = selectors.EVENT_WRITE | (selectors.EVENT_READ if kind.reads else 0)
    clients = [_Client(address, kind) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.link, events, client)
        while selector.get_map() and time.monotonic() < end:
            for key, ready in selector.select(0.1):
                client = key.data
                takes = client.go_on(bool(ready & selectors.EVENT_READ), bool(ready & selectors.EVENT_WRITE))
                if takes and client.sent < bytes_each:
                    continue
                selector.unregister(client.link)
                closes += not takes
                if not takes and again:
                    client.again()
                    selector.register(client.link, events, client)
    for client in clients:
        client.link.close()
    return sum(client.sent for client in clients), closes
