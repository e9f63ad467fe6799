"""A publish's head that was read and let in, to be known again by its bytes.

Most clients send one head again and again, and nothing differs in it but the body's length. What the parser,
the limits and the middleware made of it once is what they would make of it again: of the same bytes, on the
same connection. So they are not asked; it saves half of the protocol's time.
"""

import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.http.authentication import Caller

# Each connection keeps one.
BYTES_MAX = 1 << 10
# Of a body's length: more is no publish.
_LENGTH_DIGITS = 9
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,%d})\r\n" % _LENGTH_DIGITS, re.IGNORECASE)


class KnownHead:
    """What stands before the length, and behind it."""

    __slots__ = ("_after", "_before", "caller")

    def __init__(self, before: bytes, after: bytes, caller: Caller) -> None:
        self.caller = caller
        self._before = before
        self._after = after

    def body_of(self, data: bytes) -> bytes | None:
        """Return the body of a request that is exactly this head and all of its body."""
        if not data.startswith(self._before):
            return None
        start = len(self._before)
        end = data.find(b"\r", start, start + _LENGTH_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        return body if len(body) == int(digits) else None


def known_head(data: bytes, body_bytes: int, caller: Caller) -> KnownHead | None:
    """Return the head of a request that came whole, and who sent it, if it can be known again."""
    head = data[: len(data) - body_bytes]
    if len(head) > BYTES_MAX or head.find(_END) != len(head) - len(_END):
        return None
    found = _LENGTH.search(head)
    if found is None or int(found[1]) != body_bytes:
        return None
    return KnownHead(head[: found.start(1)], head[found.end(1) :], caller)


class _Nobody:
    """Stands in for the task of a request that no task answers."""

    def set(self) -> None:
        """Wake nobody."""


_NOBODY: Any = _Nobody()


class KnownCycle(RequestResponseCycle):
    """As much of uvicorn's cycle as is looked at of a request that is with the writer."""

    # As they are made, each in a microsecond, for nobody: its task, its event, its scope.
    message_event = _NOBODY
    keep_alive = True
    disconnected = False
    more_body = False
    response_started = False
    response_complete = False

    def __init__(self, default_headers: list[tuple[bytes, bytes]]) -> None:
        self.default_headers = default_headers
