"""What a file's content was as far as it had been read: enough to know it again anywhere. Pure.

The fingerprint grows with the file: it covers all that was read. Its ends are hashed, so that a file that
only grew is checked with two small reads; the whole is in two running sums, so that a copy elsewhere, or a
compressed one, is compared to its last byte while it is read once. Holes count in offsets and nowhere else.
"""

import zlib
from hashlib import sha256

import msgspec

END_BYTES = 1024


class Fingerprint(msgspec.Struct, frozen=True):
    """Of the first `length` bytes of a file's content."""

    length: int = 0
    start: int = 0  # where the head begins: behind the hole that a truncation may have left
    head: str = ""
    head_bytes: int = 0
    tail: str = ""
    tail_bytes: int = 0
    crc: int = 0
    adler: int = 1


class Printer:
    """Take a fingerprint while reading."""

    def __init__(self, known: Fingerprint | None = None, head: bytes = b"", tail: bytes = b"") -> None:
        """Go on from a fingerprint whose ends were read from the file again."""
        known = known or Fingerprint()
        self.length, self._start = known.length, known.start
        self._crc, self._adler = known.crc, known.adler
        self._head, self._tail = head, tail
        self._head_ended = len(head) >= END_BYTES

    def update(self, data: bytes, offset: int) -> None:
        """Take the bytes at `offset`; what was taken before is passed over."""
        if offset < self.length:
            data, offset = data[self.length - offset :], self.length
        if not data:
            return
        if offset > self.length:
            self._jump(offset)
        if not self._head_ended:
            self._head = (self._head + data)[:END_BYTES]
            self._head_ended = len(self._head) == END_BYTES
        self._tail = data[-END_BYTES:] if len(data) >= END_BYTES else (self._tail + data)[-END_BYTES:]
        self._crc = zlib.crc32(data, self._crc)
        self._adler = zlib.adler32(data, self._adler)
        self.length = offset + len(data)

    def fingerprint(self) -> Fingerprint:
        """Return what was taken so far."""
        head, tail = self._head, self._tail
        return Fingerprint(
            length=self.length,
            start=self._start,
            head=digest(head),
            head_bytes=len(head),
            tail=digest(tail),
            tail_bytes=len(tail),
            crc=self._crc,
            adler=self._adler,
        )

    def _jump(self, offset: int) -> None:
        if self._head:
            self._head_ended = True
        else:
            self._start = offset
        self._tail = b""


def digest(content: bytes) -> str:
    """Hash one end."""
    return sha256(content).hexdigest()


def opening_of(sample: bytes) -> str | None:
    """Hash the first line, by which files that may be the same are looked up; None before it is whole."""
    sample = sample[:END_BYTES]
    end = sample.find(b"\n")
    if end < 0 and len(sample) < END_BYTES:
        return None
    return digest(sample[: end + 1] if end >= 0 else sample)
