"""Cursors: places in an order, opaque to clients, who hand them back as they got them.

A cursor is base64url of: a version, which order it is of, the place, and a checksum. The checksum
catches what was cut or mistyped. A cursor gives no rights, so nothing is signed.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Literal, TypeVar

import msgspec

from eventlog.intake.fields import timestamp_flaw
from projections.read import TimeKey
from projections.read.events import END

Order = Literal["asc", "desc", "position"]
Place = TypeVar("Place")

VERSION = 1
CHECKSUM_BYTES = 4


class ForeignCursor(Exception):
    """It is no cursor of ours, not intact, or of another order."""


class CursorContent(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says, before its place is read."""

    version: int
    order: str
    place: msgspec.Raw


def encode_key(order: Order, key: TimeKey) -> str:
    """Return the cursor after a key."""
    return _encode(order, key)


def decode_key(cursor: str, order: Order) -> TimeKey:
    """Return the key in a cursor of this order. Raises ForeignCursor."""
    key = _decode(cursor, order, TimeKey)
    at_the_end = key.timestamp == END
    if (timestamp_flaw(key.timestamp) and not at_the_end) or "\0" in key.topic + key.event_id:
        raise ForeignCursor
    return key


def encode_positions(positions: dict[int, int]) -> str:
    """Return the cursor after a position in each partition."""
    named = list(positions)
    # All partitions go without saying; named, 1,024 of them would not fit into a URL.
    return _encode("position", [None if named == _all(named) else named, list(positions.values())])


def decode_positions(cursor: str, partitions: list[int]) -> dict[int, int]:
    """Return the positions in a cursor over these partitions. Raises ForeignCursor."""
    named, positions = _decode(cursor, "position", tuple[list[int] | None, list[int]])
    if named is None:
        named = _all(positions)
    if named != partitions or len(positions) != len(named) or any(not 0 <= at < 1 << 63 for at in positions):
        raise ForeignCursor
    return dict(zip(named, positions, strict=True))


def _all(of_each: list[int]) -> list[int]:
    return list(range(len(of_each)))


def _encode(order: Order, place: object) -> str:
    body = msgspec.msgpack.encode([VERSION, order, place])
    return urlsafe_b64encode(body + _checksum(body)).rstrip(b"=").decode()


def _decode(cursor: str, order: Order, kind: type[Place]) -> Place:
    try:
        data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        body, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
        content = msgspec.msgpack.decode(body, type=CursorContent)
        place = msgspec.msgpack.decode(content.place, type=kind)
    # Whoever works out the checksum can have it nest as deep as a URL is long.
    except (NotBase64, ValueError, msgspec.MsgspecError, RecursionError):
        raise ForeignCursor from None
    if checksum != _checksum(body) or (content.version, content.order) != (VERSION, order):
        raise ForeignCursor
    return place


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "big")
