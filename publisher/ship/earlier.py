"""Carry over the positions of the version that knew a file by its path and its lines by a running hash."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from publisher.errors import ShipError
from publisher.ship.content import Rewritten
from publisher.ship.files import LogFile
from publisher.ship.fingerprint import END_BYTES, digest

# These keys are written anew once and read by this module alone.


class _Print(msgspec.Struct, frozen=True):
    head: str
    head_bytes: int
    tail: str
    tail_bytes: int


class _Cursor(msgspec.Struct, frozen=True):
    offset: int = 0
    line_number: int = 0
    inside_line: bool = False


class EarlierPosition(msgspec.Struct, frozen=True):
    """What that version kept of a file."""

    cursor: _Cursor
    fingerprint: _Print
    records: int
    complete_size: int = -1


def earlier_position(directory: Path, key: list[str], file: LogFile) -> EarlierPosition | None:
    """Return what was kept for a path and its flags, if the file still is the one it speaks of."""
    kept = None
    with suppress(OSError, msgspec.DecodeError, UnicodeError):
        name = f"{sha256(msgspec.json.encode(key)).hexdigest()[:32]}.json"
        kept = msgspec.json.decode((directory / name).read_bytes(), type=EarlierPosition)
    if kept is None or kept.cursor.inside_line or not _is_same(file, kept):
        return None
    return kept


def _is_same(file: LogFile, kept: EarlierPosition) -> bool:
    """Compare the ends: the beginning, and what lies before the offset."""
    offset, known = kept.cursor.offset, kept.fingerprint
    window = head = b""
    try:
        while file.sniff() and file.offset < offset:
            _, data = file.read()
            if not data:
                break
            head = (head + data)[:END_BYTES] if len(head) < END_BYTES else head
            excess = max(0, file.offset - offset)
            window = (window + data[: len(data) - excess])[-END_BYTES:]
    except (ShipError, Rewritten):
        return False
    tail = window[-known.tail_bytes :] if known.tail_bytes else b""
    return (digest(head[: known.head_bytes]), digest(tail)) == (known.head, known.tail)
