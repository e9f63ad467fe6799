"""Bounds on the head of a request, and the answer to what is no request."""

import re
from collections.abc import Sequence

from api.errors import Problem

TARGET_BYTES_MAX = 8192
HEADERS_MAX = 100
HEADER_BYTES_MAX = 16_384
# Of a head that is not complete, and of a body's framing on end: target and headers, and some more, since
# it is counted in parts.
OVERHEAD_BYTES_MAX = TARGET_BYTES_MAX + HEADER_BYTES_MAX

_ABSOLUTE_FORM = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#]*)")
# What a request says that offers another protocol, as headers and as options of Connection.
_OF_AN_OFFER = frozenset({b"upgrade", b"http2-settings"})


def target_too_long() -> Problem:
    """Return the answer to a path and query that are too long."""
    return Problem("target_too_long", f"a request target has at most {TARGET_BYTES_MAX} bytes")


def headers_too_large() -> Problem:
    """Return the answer to too many headers, or too long ones."""
    return Problem("headers_too_large", f"at most {HEADERS_MAX} headers and {HEADER_BYTES_MAX} bytes of them")


def invalid_http(detail: str = "this is no valid HTTP/1.1 request") -> Problem:
    """Return the answer to what is no HTTP."""
    return Problem("invalid_http", detail)


def chunks_of_an_old_version() -> Problem:
    """Return the answer to HTTP/1.0 with chunks, which it does not know (RFC 9112, 6.1)."""
    return invalid_http("HTTP/1.0 has no Transfer-Encoding: send Content-Length, or HTTP/1.1")


def other_transfer_coding() -> Problem:
    """Return the answer to a body in a coding that nobody here undoes (RFC 9112, 7)."""
    return invalid_http("the only Transfer-Encoding that is understood is chunked")


def trailers_refused() -> Problem:
    """Return the answer to headers behind a body: they would come after the checks of those before it."""
    return Problem("trailers_refused", "send no trailers: headers stand before the body")


def framing_too_large() -> Problem:
    """Return the answer to chunks that are hardly body."""
    return invalid_http("the chunks of this body are nearly all extensions, or trailers")


def incomplete_request() -> Problem:
    """Return the answer to a client that ended its side in the middle of a request."""
    return Problem("incomplete_request", "the connection ended before the request was complete")


def are_too_large(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Say whether all headers of a request come to too many bytes."""
    return sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES_MAX


def with_host_of(target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Let the host that a target names be the request's, whatever Host says (RFC 9112, 3.2.2)."""
    named = _ABSOLUTE_FORM.match(target)
    if named is None:
        return list(headers)
    others = [(name, value) for name, value in headers if name != b"host"]
    return [*others, (b"host", named["host"])]


def without_offer(
    method: bytes, target: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]
) -> bytes:
    """Return a head as if its client had not offered another protocol."""
    lines = [method + b" " + target + b" HTTP/" + version.encode()]
    for name, value in headers:
        if name == b"connection":
            options = [option.strip() for option in value.split(b",")]
            kept = [option for option in options if option.lower() not in _OF_AN_OFFER]
            lines.append(b"connection: " + b", ".join(kept))
        elif name not in _OF_AN_OFFER:
            lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"", b""])
