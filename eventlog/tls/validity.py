"""Until when a certificate holds: the one thing of it that Python's ssl does not tell of one's own."""

from datetime import UTC, datetime
from typing import NamedTuple

VERSION = 0xA0  # where the certificate says which version it is of
UTC_TIME = 0x17  # with two digits of the year


class _Element(NamedTuple):
    """An element of DER: its tag, its content, and where the next one begins."""

    tag: int
    content: bytes
    end: int


def end_of(certificate: bytes) -> datetime:
    """Return a certificate's notAfter (RFC 5280, 4.1), of DER. Raises ValueError or IndexError for none."""
    signed = _element(_element(certificate, 0).content, 0).content
    first = _element(signed, 0)
    at = first.end if first.tag == VERSION else 0
    for _ in ("serial number", "algorithm", "issuer"):
        at = _element(signed, at).end
    validity = _element(signed, at).content
    until = _element(validity, _element(validity, 0).end)
    text = until.content.decode("ascii")
    if until.tag == UTC_TIME:
        text = ("19" if text >= "5" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _element(data: bytes, at: int) -> _Element:
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(data[at + 2 : start], "big")
    end = start + length
    if end > len(data):
        raise ValueError("it ends too soon")
    return _Element(tag, data[start:end], end)
