"""Read a request's body: 413 beyond its bound, 408 beyond its time, and only as what we understand."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

from fastapi import Request

from api.errors import Problem
from api.http.middleware import Receive
from api.http.negotiation import CLOUDEVENT, CLOUDEVENTS_BATCH, JSON
from eventlog.intake.media_type import are_lines

_IN_UTF8 = (JSON, CLOUDEVENT, CLOUDEVENTS_BATCH)
# A client that sends a byte now and then is cut off all the same.
BODY_TIMEOUTS = 6
# Room is taken for this multiple of what has come of a body, up to what is announced: it is refused early
# then, rather than in the middle with many others. What is only announced takes none.
AHEAD = 4


class ClientGone(Problem):
    """The client closed the connection before its body was complete; nobody reads it."""

    def __init__(self) -> None:
        super().__init__("incomplete_request", "the connection ended before the request was complete")


def require_json(headers: dict[bytes, bytes]) -> None:
    """Raise the Problem of a body that is no JSON by its content type."""
    if media_type(headers) != JSON:
        raise unsupported_type("send application/json", JSON)


def media_type(headers: Mapping[bytes, bytes]) -> str:
    """Return the content type; raises the Problem of an encoding, of the body or of its characters."""
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        raise Problem(
            "unsupported_content_encoding",
            "send the body as it is, without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )
    given = headers.get(b"content-type", b"").decode("latin-1").lower()
    kind, *parameters = (part.strip() for part in given.split(";"))
    for parameter in parameters if kind in _IN_UTF8 or are_lines(kind) else ():
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise Problem("unsupported_charset", "JSON is sent in UTF-8")
    return kind


def unsupported_type(detail: str, *kinds: str) -> Problem:
    """Return the Problem of a body of another type than these."""
    offered = ", ".join(kinds)
    return Problem("unsupported_media_type", detail, headers={"Accept-Post": offered})


def require_no_body(request: Request) -> None:
    """Raise the Problem of a body where none is read: what it asks for would be silently passed over."""
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        detail = "what is wanted is said by the address and its parameters: send no body"
        raise Problem("unexpected_body", detail)


async def read_body(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    take: Callable[[int], None],
    *,
    bytes_max: int,
    timeout_seconds: float,
) -> bytes:
    """Return the whole body, each part of which `take` has let in.

    Raises Problem 413 from the header or while reading, 408 when a part takes longer than
    timeout_seconds or all of it BODY_TIMEOUTS times as long, what `take` raises, and ClientGone.
    """
    announced = int(headers.get(b"content-length", b"0"))
    if announced > bytes_max:
        raise _too_large(bytes_max)
    parts: list[bytes] = []
    size = taken = 0
    more = True
    last_moment = monotonic() + BODY_TIMEOUTS * timeout_seconds
    while more:
        try:
            async with asyncio.timeout(timeout_seconds if monotonic() < last_moment else 0):
                message = await receive()
        except TimeoutError:
            raise Problem(
                "body_too_slow",
                f"a part of the body may take {timeout_seconds:g} seconds, all of it {BODY_TIMEOUTS} times",
                headers={"Connection": "close"},
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientGone()
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            raise _too_large(bytes_max)
        wanted = max(size, min(announced, AHEAD * size))
        take(wanted - taken)
        taken = wanted
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(bytes_max: int) -> Problem:
    return Problem("body_too_large", f"a body has at most {bytes_max} bytes", headers={"Connection": "close"})
