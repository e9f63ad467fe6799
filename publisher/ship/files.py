"""One open file: what it holds, how far it is read, and whether it is one that was read before."""

import os
from datetime import UTC, datetime

from publisher.errors import ShipError
from publisher.ship.content import (
    PLAIN,
    SAMPLE_BYTES,
    UNREADABLE,
    Rewritten,
    content_of,
    kind_of,
    next_data,
)
from publisher.ship.fingerprint import Fingerprint, Printer, digest, opening_of
from publisher.ship.opening import open_regular, shown

READ_BYTES = 256 * 1024


class LogFile:
    """An open file, read forward from a place."""

    def __init__(self, path: str, *, links: bool = False) -> None:
        self.path = path
        self.descriptor = open_regular(path, links=links)
        self.kind = ""
        self.holes = 0
        self._printer = Printer()
        self.finished = False  # known to hold nothing that was not read
        self.begin()
        try:
            self.sniff()
        except ShipError:
            self.close()
            raise

    @property
    def status(self) -> os.stat_result:
        """Return the file's own status, whatever it is called by now."""
        return os.fstat(self.descriptor)

    @property
    def changed(self) -> datetime:
        """Return when it was last modified."""
        return datetime.fromtimestamp(max(0.0, self.status.st_mtime), UTC)

    @property
    def place(self) -> str:
        """Return device and inode."""
        return place_of(self.status)

    @property
    def version(self) -> str:
        """Return what changes whenever the file does."""
        return version_of(self.status)

    @property
    def grows(self) -> bool:
        """Tell whether more may follow: what is compressed is finished."""
        return self.kind == "" or self.kind == PLAIN or self.kind.startswith("utf")

    @property
    def offset(self) -> int:
        """Return how far its content is read."""
        return self._content.offset

    @property
    def raw_offset(self) -> int:
        """Return how far the file on disk is read, for a progress bar."""
        return self.offset if self.kind == PLAIN else os.lseek(self.descriptor, 0, os.SEEK_CUR)

    def sniff(self) -> str:
        """Tell what it holds ("" while it is empty); raises ShipError for what is no text."""
        if not self.kind:
            try:
                self.kind = kind_of(self.descriptor)
            except ShipError as error:
                raise ShipError(f"{shown(self.path)}: {error}") from None
            self.begin()
        return self.kind

    def read(self) -> tuple[int, bytes]:
        """Return the next bytes and where they begin; b"" at the end. Raises ShipError, Rewritten."""
        if self.finished or not self.sniff():
            return self.offset, b""
        before = self.offset
        try:
            data = self._content.read(READ_BYTES)
        except UNREADABLE as error:
            raise ShipError(f"{shown(self.path)}: the data ends too early or is damaged ({error})") from None
        if not data:
            return before, b""
        start = self.offset - len(data)
        self.holes += start - before
        self._printer.update(data, start)
        return start, data

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of all that was read."""
        return self._printer.fingerprint()

    def skip_to(self, offset: int) -> bool:
        """Go to an offset; False when the content is shorter."""
        return self.sniff() != "" and self._content.skip_to(offset)

    def sample(self) -> bytes:
        """Return the first bytes of the content, without moving."""
        if self.kind != PLAIN:
            return _sample_elsewhere(self.path, self.place)
        start = next_data(self.descriptor, 0) or 0
        return os.pread(self.descriptor, SAMPLE_BYTES, start).rstrip(b"\0")

    def opening(self) -> str | None:
        """Hash the first line, None before it is whole; leaves the file at its beginning."""
        sample = b""
        self.begin()
        while len(sample) < SAMPLE_BYTES and b"\n" not in sample:
            try:
                _, data = self.read()
            except (ShipError, Rewritten):
                break
            if not data:
                break
            sample += data
        self.begin()
        return opening_of(sample)

    def is_empty(self) -> bool:
        """Tell whether there is nothing in it, not even half a line; leaves the file at its beginning."""
        self.begin()
        try:
            return not self.read()[1]
        except ShipError:  # there is something; reading it will say what is wrong with it
            return False
        finally:
            self.begin()

    def resume(self, offset: int, known: Fingerprint) -> bool:
        """Go to `offset`, if the ends of what was read before are still there; else to the beginning."""
        if not known.length:
            self.begin()
            return True
        try:
            if self.sniff() == PLAIN and self._has_ends(known) and self._content.skip_to(offset):
                return True
            if self.kind not in ("", PLAIN) and self.begins_with(known):
                printer: Printer = self._printer  # it took all of it just now
                self.begin()
                self._printer = printer
                return self._content.skip_to(offset)
        except UNREADABLE:
            pass
        self.begin()
        return False

    def begins_with(self, known: Fingerprint) -> bool:
        """Tell whether its content begins with all that the fingerprint covers, by reading it."""
        self.begin()
        try:
            while self.offset < known.length:
                if not self._read_up_to(known.length):
                    return False
        except (ShipError, Rewritten):
            return False
        mine = self.fingerprint()
        return (mine.length, mine.crc, mine.adler, mine.head, mine.tail) == (
            known.length,
            known.crc,
            known.adler,
            known.head,
            known.tail,
        )

    def is_beginning_of(self, other: "LogFile") -> bool:
        """Tell whether all of its content stands at the beginning of another file's, by reading both."""
        self.begin()
        other.begin()
        mine = theirs = b""
        try:
            while True:
                mine = mine or self.read()[1]
                if not mine:
                    return True
                theirs = theirs or other.read()[1]
                common = min(len(mine), len(theirs))
                if not common or self.offset - len(mine) != other.offset - len(theirs):
                    return False
                if mine[:common] != theirs[:common]:
                    return False
                mine, theirs = mine[common:], theirs[common:]
        except (ShipError, Rewritten):
            return False
        finally:
            self.begin()
            other.begin()

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)

    def begin(self) -> None:
        """Go to the beginning."""
        self._content = content_of(self.descriptor, self.kind)
        self._printer = Printer()
        self.holes = 0

    def _read_up_to(self, end: int) -> bool:
        if not self.sniff():
            return False
        try:
            data = self._content.read(min(READ_BYTES, end - self.offset))
        except UNREADABLE:
            return False
        self._printer.update(data, self.offset - len(data))
        return bool(data)

    def _has_ends(self, known: Fingerprint) -> bool:
        head = os.pread(self.descriptor, known.head_bytes, known.start)
        tail = os.pread(self.descriptor, known.tail_bytes, known.length - known.tail_bytes)
        if (digest(head), digest(tail)) != (known.head, known.tail):
            return False
        self._printer = Printer(known, head, tail)
        return True


def place_of(status: os.stat_result) -> str:
    """Return device and inode, by which a file is known whatever it is called."""
    return f"{status.st_dev}:{status.st_ino}"


def version_of(status: os.stat_result) -> str:
    """Return size and time of the last change."""
    return f"{status.st_size}:{status.st_mtime_ns}"


def changed_ns(version: str) -> int:
    """Return the time of the last change out of a version."""
    return int(version.partition(":")[2] or 0)


def _sample_elsewhere(path: str, place: str) -> bytes:
    """Read the first bytes of what has to be read from the front, beside whoever is reading it."""
    try:
        file = LogFile(path, links=True)
    except ShipError:
        return b""
    sample = b""
    try:
        while file.place == place and len(sample) < SAMPLE_BYTES and (data := file.read()[1]):
            sample += data
    except (ShipError, Rewritten):
        pass
    finally:
        file.close()
    return sample[:SAMPLE_BYTES]
