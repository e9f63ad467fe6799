"""The files that are shipped: what they are called once rotation is undone, and reading them forward."""

import bz2
import gzip
import lzma
import os
import re
import select
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, cast

import msgspec

from publisher.errors import ShipError

STDIN = "-"
HEAD_BYTES = 1024
TAIL_BYTES = 1024
# A pipe is asked for data this often, so that an interrupt is noticed and held-back lines go out.
PIPE_POLL_SECONDS = 0.25

_COMPRESSIONS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".gz": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
    ".bz2": lambda raw: cast(IO[bytes], bz2.BZ2File(raw)),
    ".xz": lambda raw: cast(IO[bytes], lzma.LZMAFile(raw)),  # noqa: SIM115 - LogFile closes it
}
# What rotation appends (app.log.1, app.log-20251021, app.log.2025-10-21) or puts before the suffix.
_DATE = r"\d{4}-?\d\d-?\d\d(?:[-_.T]?\d{1,6})?"
_ROTATED_END = re.compile(rf"^(?P<name>.+?)(?:\.\d{{1,4}}|[-_.]{_DATE}|\.old)$")
_ROTATED_MIDDLE = re.compile(rf"^(?P<name>.+?)[-_.]{_DATE}(?P<suffix>\.[A-Za-z]\w{{0,9}})$")
_UNREADABLE = "the data ends too early or is damaged"


class Fingerprint(msgspec.Struct, frozen=True):
    """Enough of a file's content to tell, later, whether it is still the same one, only longer."""

    head: str
    head_bytes: int
    tail: str  # of the bytes that end where reading stopped
    tail_bytes: int


def canonical_name(path: str) -> str:
    """Return the file's name without folder, compression and rotation: its name when it was written."""
    if path == STDIN:
        return "stdin"
    name = os.fsencode(Path(path).name).decode("utf-8", "replace")
    for suffix in _COMPRESSIONS:
        name = name.removesuffix(suffix) or name
    while match := _ROTATED_END.match(name):
        name = match["name"]
    if match := _ROTATED_MIDDLE.match(name):
        name = match["name"] + match["suffix"]
    return "".join(c if c.isprintable() else "?" for c in name).encode()[:200].decode("utf-8", "ignore")


def default_topic(name: str) -> str:
    """Return `log.apache.line` for `Apache.log`."""
    stem = re.sub(r"\.(log|txt|out|err|ndjson|jsonl|json|csv)$", "", name, flags=re.IGNORECASE)
    return f"log.{re.sub(r'[^a-z0-9_]+', '-', stem.lower()).strip('-') or 'file'}.line"


class LogFile:
    """One open file (or standard input), read forward from a place."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = canonical_name(path)
        self._head = b""
        self._window = b""
        self._offset = 0
        self._compression = Path(path).suffix if Path(path).suffix in _COMPRESSIONS else ""
        try:
            self._raw = self._open_raw()
        except OSError as error:
            raise ShipError(
                f"{path}: {error.strerror}".encode("utf-8", "backslashreplace").decode()
            ) from None
        self._file = self._decompressed()

    @property
    def resumable(self) -> bool:
        """Tell whether a place in it can be found again: not in a pipe."""
        return self.path != STDIN and self._raw.seekable()

    @property
    def can_grow(self) -> bool:
        """Tell whether it makes sense to follow it: what is compressed is finished."""
        return not self._compression

    @property
    def size(self) -> int:
        """Return how many bytes it has on disk now; 0 for a pipe."""
        return os.fstat(self._raw.fileno()).st_size

    @property
    def changed(self) -> datetime:
        """Return when it was last modified."""
        return datetime.fromtimestamp(os.fstat(self._raw.fileno()).st_mtime, UTC)

    @property
    def identity(self) -> tuple[int, int]:
        """Return device and inode: the file itself, whatever it is called by now."""
        status = os.fstat(self._raw.fileno())
        return status.st_dev, status.st_ino

    @property
    def bytes_read(self) -> int:
        """Return how far into the file on disk reading has come, for a progress bar."""
        return self._raw.tell() if self._raw.seekable() else self._offset

    def read(self, size: int) -> bytes | None:
        """Return the next bytes, b"" at the end, None when a pipe has nothing yet. It may block."""
        if not self._raw.seekable() and not select.select([self._raw], [], [], PIPE_POLL_SECONDS)[0]:
            return None
        try:
            data = self._file.read(size) if self._raw.seekable() else os.read(self._raw.fileno(), size)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise ShipError(f"{self.path}: {_UNREADABLE} ({error})") from None
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
        # Twice the size of a read: what is acknowledged lags behind what is read by about one batch.
        self._window = (self._window + data)[-2 * max(size, TAIL_BYTES) :]
        self._offset += len(data)
        return data

    def fingerprint(self, offset: int) -> Fingerprint:
        """Take the fingerprint of the file as far as `offset`, from what was read (not from the disk:
        the file there may be another one by now)."""
        end = len(self._window) - (self._offset - offset)
        tail = self._window[max(0, end - TAIL_BYTES) : max(0, end)]
        head = self._head[:offset]
        return Fingerprint(sha256(head).hexdigest(), len(head), sha256(tail).hexdigest(), len(tail))

    def resume(self, offset: int, print_: Fingerprint) -> bool:
        """Go to `offset` if the file still is the one with this fingerprint; else stay at the beginning."""
        try:
            self._file.seek(0)
            head = self._file.read(print_.head_bytes)
            self._file.seek(offset - print_.tail_bytes)
            tail = self._file.read(print_.tail_bytes)
        except (OSError, EOFError, ValueError, lzma.LZMAError):
            head = tail = b""
        same = (sha256(head).hexdigest(), sha256(tail).hexdigest()) == (print_.head, print_.tail)
        if same and len(tail) == print_.tail_bytes and self._file.tell() == offset:
            self._head, self._window, self._offset = head, tail, offset
            return True
        self._file.seek(0)
        return False

    def begins_anew(self) -> bool:
        """Tell whether its content was replaced in place, as by rotation that copies and truncates."""
        if self._compression or not self._raw.seekable():
            return False
        tail = self._window[-TAIL_BYTES:]
        return os.pread(self._raw.fileno(), len(tail), self._offset - len(tail)) != tail

    def was_replaced(self) -> bool:
        """Tell whether another file bears its name by now; not while none does."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return self.path != STDIN and (status.st_dev, status.st_ino) != self.identity

    def close(self) -> None:
        """Close it; standard input stays open."""
        if self.path != STDIN:
            self._file.close()
            self._raw.close()

    def _open_raw(self) -> IO[bytes]:
        if self.path == STDIN:
            return sys.stdin.buffer
        return open(self.path, "rb", buffering=0)

    def _decompressed(self) -> IO[bytes]:
        return _COMPRESSIONS[suffix](self._raw) if (suffix := self._compression) else self._raw
