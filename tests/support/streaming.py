"""Read GET /events/stream, in a thread of its own or piece by piece."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from tests.support.waiting import until

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


class Message(msgspec.Struct, frozen=True):
    """A block of server-sent events: its type, its data, and the id after it."""

    kind: str
    data: str
    id: str

    @property
    def event(self) -> dict[str, Any]:
        """Its data as JSON."""
        found: dict[str, Any] = json.loads(self.data)
        return found


class Parser:
    """Server-sent events as the WHATWG's standard reads them, from pieces cut anywhere."""

    def __init__(self) -> None:
        self.id = ""
        self._buffer = b""
        self._fields: list[tuple[str, str]] = []

    def feed(self, piece: bytes) -> list[Message]:
        """Return the messages that are complete now. Messages without data only move `id`."""
        self._buffer += piece
        *lines, self._buffer = self._buffer.split(b"\n")
        found: list[Message] = []
        for line in lines:
            text = line.decode().removesuffix("\r")
            assert "\r" not in text, "a line ends at a CR, too"
            if text:
                name, _, value = text.partition(":")
                self._fields.append((name, value.removeprefix(" ")))
            else:
                found += self._dispatch()
        return found

    def _dispatch(self) -> list[Message]:
        fields, self._fields = self._fields, []
        named = dict(fields)
        self.id = named.get("id", self.id)
        data = [value for name, value in fields if name == "data"]
        return [Message(named.get("event", "message"), "\n".join(data), self.id)] if data else []


class Unchunked:
    """The body of a chunked HTTP/1.1 answer, from pieces cut anywhere."""

    def __init__(self) -> None:
        self.head: bytes | None = None
        self.complete = False
        self._buffer = b""

    def feed(self, piece: bytes) -> bytes:
        """Return what is new of the body."""
        self._buffer += piece
        if self.head is None:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return b""
            self.head, self._buffer = head, rest
        body = b""
        while b"\r\n" in self._buffer:
            size, _, rest = self._buffer.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            body += rest[:length]
            self._buffer = rest[length + 2 :]
            self.complete = self.complete or length == 0
        return body


class Stream:
    """A raw connection to the stream, read by nobody but whoever calls take()."""

    def __init__(
        self,
        url: str,
        query: str = "",
        *,
        last_id: str = "",
        accept: str = SSE,
        receive_bytes: int | None = None,
    ) -> None:
        address = urlsplit(url)
        assert address.hostname
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(20)
        self.socket.connect((address.hostname, address.port))
        head = [f"GET /events/stream{query} HTTP/1.1", "Host: localhost", f"Accept: {accept}"]
        head += [f"Last-Event-ID: {last_id}"] if last_id else []
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self._http = Unchunked()
        self._parser = Parser()

    def take(self, bytes_max: int = 65536) -> list[Message] | None:
        """Return the next messages, perhaps none yet; None at the end."""
        try:
            piece = self.socket.recv(bytes_max)
        except ConnectionResetError:
            return None
        return self._parser.feed(self._http.feed(piece)) if piece else None

    @property
    def id(self) -> str:
        """The id that a browser would come back with."""
        return self._parser.id

    @property
    def status(self) -> int | None:
        """The answer's status, once it is there."""
        return None if self._http.head is None else int(self._http.head.split(b" ")[1])

    @property
    def complete(self) -> bool:
        """Whether the answer came to its proper end."""
        return self._http.complete

    def open(self) -> "Stream":
        """Wait for the first id: from here on nothing that is projected is missed."""
        while not self.id:
            assert self.take() is not None, "the stream ended before it began"
        return self

    def close(self) -> None:
        self.socket.close()


class Follower:
    """A reader in a thread, which comes back with its last id whenever its stream ends."""

    def __init__(self, url: str, query: str = "", *, bytes_max: int = 65536) -> None:
        self.messages: list[Message] = []
        self.connections = 0
        self.opened = threading.Event()
        self.id = ""
        self._url = url
        self._query = query
        self._bytes_max = bytes_max
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def places(self) -> list[tuple[int, int]]:
        """Partition and position of all events, in the order in which they came."""
        return [(row["partition"], row["position"]) for row in self.events]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [message.event for message in self.messages if message.kind == "message"]

    def cut(self) -> None:
        """Break the connection, wherever it is."""
        stream = self._stream
        if stream is not None:
            stream.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            with suppress(OSError):
                stream.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
            except OSError:
                self._stopping.wait(0.02)  # a server that is starting again

    def _read(self) -> None:
        self._stream = stream = Stream(self._url, self._query, last_id=self.id)
        try:
            self.connections += 1
            while not self._stopping.is_set():
                found = stream.take(self._bytes_max)
                if found is None:
                    return
                self.messages += found
                self.id = stream.id or self.id
                if self.id:
                    self.opened.set()
        finally:
            stream.close()


@contextmanager
def following(url: str, query: str = "", *, bytes_max: int = 65536) -> Iterator[Follower]:
    """Follow, from what is new when this is entered."""
    follower = Follower(url, query, bytes_max=bytes_max)
    try:
        until(follower.opened.is_set)
        yield follower
    finally:
        follower.close()


def topics(*patterns: str) -> str:
    """Return a query for topics."""
    return "?" + "&".join(f"topic={quote(pattern)}" for pattern in patterns)
