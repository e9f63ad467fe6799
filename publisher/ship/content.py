"""What is inside a file, told by its bytes and not by its name, and reading it as text from front to back.

Offsets count bytes of the content: of what a compressed file holds, and of the UTF-8 that UTF-16 becomes.
A long run of NULs is no content: a writer that goes on after its file was truncated leaves a hole before
it, and one that reserves space in advance leaves room behind. A hole is passed over once something follows
it; room at the end is not read before something is written there.
"""

import bz2
import codecs
import gzip
import io
import lzma
import os
from typing import IO, Protocol, cast

import lz4.frame
from backports import zstd

from publisher.errors import ShipError

SAMPLE_BYTES = 64 * 1024
WIDE_SAMPLE_BYTES = 4096
WINDOW_BYTES = 1024
# This many NULs in a row are a hole; fewer are somebody's text.
HOLE_BYTES = 64
_HOLE = b"\0" * HOLE_BYTES
# The largest part of a text that may be control characters no terminal takes: random bytes have 10 %.
CONTROL_SHARE_MAX = 0.02
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\a\x1b")) + b"\x7f"

PLAIN = "plain"
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which bytes of each group of four are NUL where the text is mostly ASCII.
_WIDE = ((0b1110, "utf-32-le"), (0b0111, "utf-32-be"), (0b1010, "utf-16-le"), (0b0101, "utf-16-be"))
UNREADABLE = (OSError, EOFError, lzma.LZMAError, zstd.ZstdError, RuntimeError, UnicodeDecodeError)


class Rewritten(Exception):
    """The file's content is not what was read of it before: truncated, or replaced in place."""


class Content(Protocol):
    """A file's content, read forward."""

    offset: int

    def read(self, size: int) -> bytes:
        """Return what follows `offset` (which a hole may have moved on first), b"" at the end so far."""

    def skip_to(self, offset: int) -> bool:
        """Go to an offset; False when the content is shorter."""


def kind_of(descriptor: int) -> str:
    """Tell what a file holds: plain, gzip …, utf-16-le …, or "" as long as it is empty.

    Raises ShipError, without the file's name, for what is no text.
    """
    start = os.pread(descriptor, WIDE_SAMPLE_BYTES, 0)
    return kind_of_bytes(start, os.pread(descriptor, SAMPLE_BYTES, next_data(descriptor, 0) or 0))


def kind_of_bytes(start: bytes, sample: bytes) -> str:
    """Tell it by the first bytes, and by a sample from where there are any."""
    known = next((name for magic, name in (*_MAGIC, *_BOMS) if start.startswith(magic)), None) or _wide(start)
    if known:
        return known
    sample = sample.strip(b"\0")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > CONTROL_SHARE_MAX * len(sample) + 2:
        raise ShipError("no text: neither UTF-8 nor another text, nor compressed by a known program")
    return PLAIN if sample else ""


def _wide(sample: bytes) -> str | None:
    """Tell UTF-16 and UTF-32 without a mark, by where the NULs are."""
    sample = sample[: len(sample) // 4 * 4]
    if len(sample) < 16 or b"\0" not in sample:
        return None
    shares = [sample[place::4].count(0) / (len(sample) // 4) for place in range(4)]
    if any(0.3 <= share <= 0.7 for share in shares):
        return None
    zeros = sum(1 << place for place, share in enumerate(shares) if share > 0.7)
    return next((name for mask, name in _WIDE if mask == zeros), None)


def content_of(descriptor: int, kind: str) -> "Content":
    """Return the content of an open file of that kind, at its beginning."""
    if kind in ("", PLAIN):
        return PlainContent(descriptor)
    raw = io.FileIO(descriptor, closefd=False)
    raw.seek(0)
    if kind.startswith("utf"):
        return StreamContent(_Decoded(raw, kind))
    return StreamContent(_decompressed(raw, kind))


def _decompressed(raw: io.FileIO, kind: str) -> "IO[bytes] | io.BufferedIOBase":
    match kind:
        case "gzip":
            return gzip.GzipFile(fileobj=raw)
        case "bzip2":
            return bz2.BZ2File(raw)
        case "xz":
            return lzma.LZMAFile(raw)
        case "zstd":
            return zstd.ZstdFile(raw)
    return cast(io.BufferedIOBase, lz4.frame.LZ4FrameFile(raw))


def next_data(descriptor: int, offset: int) -> int | None:
    """Return where the next byte that is not NUL lies; None when there is none."""
    end = os.fstat(descriptor).st_size
    while offset < end:
        try:
            offset = os.lseek(descriptor, offset, os.SEEK_DATA)
        except OSError:  # nothing but a hole up to the end
            return None
        data = os.pread(descriptor, SAMPLE_BYTES, offset)
        text = data.lstrip(b"\0")
        if text:
            return offset + len(data) - len(text)
        offset += len(data) or 1
    return None


class PlainContent:
    """A file as it is. Each read looks again at the end of the one before: no rewriting goes unseen."""

    def __init__(self, descriptor: int) -> None:
        self.offset = 0
        self._descriptor = descriptor
        self._window = b""

    def read(self, size: int) -> bytes:
        """Return what follows; raises Rewritten when what came before is gone."""
        data = self._next(size)
        if data.startswith(b"\0"):
            follows = next_data(self._descriptor, self.offset)
            if follows is None:
                return b""
            if follows - self.offset >= HOLE_BYTES:
                self.offset, self._window = follows, b""
                data = self._next(size)
        if b"\0" in data:
            data = _until_hole(data)
        self._window = (
            (self._window + data)[-WINDOW_BYTES:] if len(data) < WINDOW_BYTES else data[-WINDOW_BYTES:]
        )
        self.offset += len(data)
        return data

    def skip_to(self, offset: int) -> bool:
        """Go there, and take what lies before it as what was read."""
        start = max(0, offset - WINDOW_BYTES)
        window = os.pread(self._descriptor, offset - start, start)
        self.offset, self._window = offset, window
        return len(window) == offset - start

    def _next(self, size: int) -> bytes:
        overlap = len(self._window)
        data = os.pread(self._descriptor, overlap + size, self.offset - overlap)
        if not data.startswith(self._window):
            raise Rewritten
        return data[overlap:]


def _until_hole(data: bytes) -> bytes:
    """Cut before a hole, and before NULs at the end, of which the next read will tell what they are."""
    place = data.find(_HOLE, 1)
    if place > 0:
        return data[:place]
    text = data.rstrip(b"\0")
    return text or data


class StreamContent:
    """Content that can be read from the front alone: compressed, or decoded."""

    def __init__(self, stream: "IO[bytes] | io.BufferedIOBase | _Decoded") -> None:
        self.offset = 0
        self._stream = stream
        self._zeros = 0  # read, and not yet told whether they are a hole
        self._ahead = b""

    def read(self, size: int) -> bytes:
        """Return what follows; raises one of UNREADABLE when it is damaged or ends too early."""
        while True:
            data = self._ahead or self._stream.read(size)
            self._ahead = b""
            if not data:
                return b""
            text = data.lstrip(b"\0")
            self._zeros += len(data) - len(text)
            if text:
                break
        if self._zeros >= HOLE_BYTES:
            self.offset += self._zeros
        else:
            text = b"\0" * self._zeros + text
        self._zeros = 0
        whole = len(text)
        if b"\0" in text:
            cut = _until_hole(text)
            text, self._ahead = cut, text[len(cut) :]
        assert len(text) + len(self._ahead) == whole
        self.offset += len(text)
        return text

    def skip_to(self, offset: int) -> bool:
        """Read on to there."""
        while self.offset < offset:
            data = self.read(min(SAMPLE_BYTES, offset - self.offset))
            if not data:
                return False
        return self.offset == offset


class _Decoded:
    """UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, raw: io.FileIO, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._first = True

    def read(self, size: int) -> bytes:
        """Return what follows."""
        data = self._raw.read(max(size // 2, 4))
        text = self._decoder.decode(data or b"")
        if self._first and text:
            text, self._first = text.removeprefix("\ufeff"), False
        return text.encode("utf-8", "replace") or (self.read(size) if data else b"")
