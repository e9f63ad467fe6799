"""How events look on a stream: server-sent events, or lines of JSON. Pure.

Whatever a topic or a payload holds, JSON has no line breaks within its texts, and those between its
tokens are taken out: so a line is a line, and nothing in it is read as a field of the protocol.
"""

from typing import NamedTuple, Protocol

import msgspec

from api.errors import Problem
from api.requests.cursors import encode_positions
from projections.read import Event
from projections.read.log_order import Positions

# How soon a browser comes back after the stream has ended.
RETRY_MILLISECONDS = 1_000


class Frame(NamedTuple):
    """What is sent in one piece, and the place that a reader has reached with it."""

    cursor: bytes
    body: bytes


class Form(Protocol):
    """One of the two forms."""

    def opening(self, cursor: bytes) -> bytes:
        """Begin: it tells the place from which the stream goes on."""

    def event(self, json: bytes, cursor: bytes) -> bytes:
        """One event; `cursor` is the place after it."""

    def heartbeat(self, cursor: bytes) -> bytes:
        """Nothing that was asked for has come; the place moves on all the same."""

    def problem(self, problem: Problem, cursor: bytes) -> bytes:
        """Why the stream ends."""


class ServerSentEvents:
    """As EventSource and its likes read them.

    A place goes out with a type and data of its own. By the standard an id would do, but most readers in
    programs ignore a block without data, or hand it on as an empty event.
    """

    def opening(self, cursor: bytes) -> bytes:
        """Begin at once: proxies and readers see that there is something."""
        return b"retry: %d\n%s" % (RETRY_MILLISECONDS, self.heartbeat(cursor))

    def event(self, json: bytes, cursor: bytes) -> bytes:
        """Write an event, of the default type `message`."""
        return b"id: %s\ndata: %s\n\n" % (cursor, json)

    def heartbeat(self, cursor: bytes) -> bytes:
        """Write the place, of the type `place`."""
        return b"event: place\nid: %s\ndata: {}\n\n" % cursor

    def problem(self, problem: Problem, cursor: bytes) -> bytes:
        """Write an event of the type `error`, or `overflow` for a reader that was too slow."""
        kind = b"overflow" if problem.code == "reader_too_slow" else b"error"
        return b"event: %s\ndata: %s\n\n" % (kind, _ending(problem, cursor))


class NdjsonFrames:
    """One JSON object a line, with the place as its last member. A line without a topic is no event."""

    def opening(self, cursor: bytes) -> bytes:
        """Begin with the place alone."""
        return self.heartbeat(cursor)

    def event(self, json: bytes, cursor: bytes) -> bytes:
        """Write an event with its place."""
        return b'%s,"cursor":"%s"}\n' % (json[:-1], cursor)

    def heartbeat(self, cursor: bytes) -> bytes:
        """Write the place alone."""
        return b'{"cursor":"%s"}\n' % cursor

    def problem(self, problem: Problem, cursor: bytes) -> bytes:
        """Write what is wrong."""
        return b'{"problem":%s}\n' % _ending(problem, cursor)


SSE = ServerSentEvents()
NDJSON = NdjsonFrames()


class Channel:
    """What readers have in common for whom a frame looks the same: their form and their partitions."""

    def __init__(self, form: Form, partitions: tuple[int, ...]) -> None:
        self.form = form
        self.partitions = partitions

    def cursor(self, positions: Positions) -> bytes:
        """Return the place at these positions, which may be of more partitions."""
        return encode_positions({partition: positions[partition] for partition in self.partitions}).encode()

    def event(self, json: bytes, positions: Positions) -> Frame:
        """Return an event's frame; the positions are those after it."""
        cursor = self.cursor(positions)
        return Frame(cursor, self.form.event(json, cursor))

    def heartbeat(self, positions: Positions) -> Frame:
        """Return a sign of life at these positions."""
        cursor = self.cursor(positions)
        return Frame(cursor, self.form.heartbeat(cursor))


def on_one_line(event: Event) -> Event:
    """Take line breaks out of a payload: JSON has them between tokens only, where a blank means the same."""
    payload = bytes(event.payload)
    if b"\n" not in payload and b"\r" not in payload:
        return event
    blanked = payload.replace(b"\r", b" ").replace(b"\n", b" ")
    return msgspec.structs.replace(event, payload=msgspec.Raw(blanked))


def _ending(problem: Problem, cursor: bytes) -> bytes:
    document = {
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "retryable": problem.retryable,
        "cursor": cursor.decode(),
    }
    return msgspec.json.encode(document)
