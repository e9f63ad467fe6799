"""Read GET /events/stream, in a thread of its own or piece by piece."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import msgspec
import psycopg

from tests.support.events import event
from tests.support.projecting import lag
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
        """Return the messages that are complete now. A `place` only moves `id`."""
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
        kind = named.get("event", "message")
        if kind == "place":
            assert data == ["{}"], "some readers ignore an id without data"
            return []
        return [Message(kind, "\n".join(data), self.id)] if data else []


class Unchunked:
    """The body of a chunked HTTP/1.1 answer, from pieces cut anywhere."""

    def __init__(self) -> None:
        self.head: bytes | None = None
        self.complete = False
        self._buffer = b""
        self._left = 0  # of the chunk under way, with the line end after it

    def feed(self, piece: bytes) -> bytes:
        """Return what is new of the body."""
        self._buffer += piece
        if self.head is None:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return b""
            self.head, self._buffer = head, rest
        body = b""
        while True:
            content = max(0, min(self._left - 2, len(self._buffer)))
            body += self._buffer[:content]
            taken = min(self._left, len(self._buffer))
            self._buffer = self._buffer[taken:]
            self._left -= taken
            size, found, rest = self._buffer.partition(b"\r\n")
            if self._left or not found:
                return body
            self.complete = self.complete or int(size, 16) == 0
            self._left, self._buffer = int(size, 16) + 2, rest


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
        head = [f"GET /events/stream{query} HTTP/1.1", "Host: localhost", f"Accept: {accept}"]
        head += [f"Last-Event-ID: {last_id}"] if last_id else []
        try:
            self.socket.connect((address.hostname, address.port))
            self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        except OSError:
            self.socket.close()
            raise
        self._http = Unchunked()
        self._parser = Parser()

    def take(self, bytes_max: int = 65536) -> list[Message] | None:
        """Return the next messages, perhaps none yet; None at the end."""
        try:
            piece = self.socket.recv(bytes_max)
        except (ConnectionResetError, BrokenPipeError):
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
    def count(self) -> int:
        """How many events came."""
        return sum(message.kind == "message" for message in self.messages)

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
    """Follow, from what is new when this is entered: enter it before whatever publishes what it must get."""
    follower = Follower(url, query, bytes_max=bytes_max)
    try:
        until(follower.opened.is_set)
        yield follower
    finally:
        follower.close()


def topics(*patterns: str) -> str:
    """Return a query for topics."""
    return "?" + "&".join(f"topic={quote(pattern)}" for pattern in patterns)


class Publishing:
    """Publishes batches over several topics, without a pause, until it is stopped."""

    def __init__(self, url: str, topics: int, payload: dict[str, Any]) -> None:
        self.published = 0
        self._url = url
        self._topics = topics
        self._payload = payload
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Publishing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=15) as client:
            while not self._stopping.is_set():
                numbers = range(self.published, self.published + 20)
                # Every fourth delivery repeats the one before, which makes no event.
                batch = [
                    event(
                        topic=f"t.{n % self._topics}", event_id=f"{n - (n % 4 == 3)}", payload=self._payload
                    )
                    for n in numbers
                ]
                assert client.post("/publish", json=batch).status_code == 202
                self.published += len(batch)


def publishing(url: str, *, topics: int = 7, payload: dict[str, Any] | None = None) -> Publishing:
    """Publish while this is entered."""
    return Publishing(url, topics, payload or {"n": 1})


def places_in_log(dsn: str) -> dict[int, list[int]]:
    """Return the positions of all events, ascending, by partition."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        until(lambda: lag(connection) == 0, deadline_seconds=60)
        rows = connection.execute("SELECT partition, position FROM eventlog.events ORDER BY 1, 2").fetchall()
    return by_partition(rows)


def _missing(follower: Follower, expected: dict[int, list[int]]) -> str:
    """Say what is missing, of each partition: the head, the middle or the end have different causes."""
    came = by_partition(follower.places)
    missing = {
        partition: sorted({*positions} - {*came.get(partition, [])})
        for partition, positions in expected.items()
    }
    ranges = [
        f"{len(positions)} between {partition}:{positions[0]} and {partition}:{positions[-1]}"
        f" (it ends at {expected[partition][-1]})"
        for partition, positions in missing.items()
        if positions
    ]
    return "missing are " + (", ".join(ranges) or "none")


def by_partition(places: Sequence[tuple[Any, ...]]) -> dict[int, list[int]]:
    """Return the positions by partition, in the order in which they came."""
    found: dict[int, list[int]] = {}
    for partition, position in places:
        found.setdefault(partition, []).append(position)
    return found


def assert_complete(follower: Follower, dsn: str, deadline_seconds: float = 60) -> None:
    """Hold that it gets every event of the log once, in the order of each partition."""
    expected = places_in_log(dsn)
    count = sum(map(len, expected.values()))
    until(
        lambda: follower.count >= count,
        deadline_seconds=deadline_seconds,
        message=lambda: f"{follower.count} of {count} events came; {_missing(follower, expected)}",
    )
    assert by_partition(follower.places) == expected
