"""Write what PostgreSQL says into its log, and keep that small.

Run as a script, between PostgreSQL and the file: it reads the pipe that is PostgreSQL's standard error until
the last of its processes has ended, whether or not whoever started it lives. A full file is put aside, a few
of them are kept. What cannot be written, since the disk is full, is lost, counted, and told later: PostgreSQL
never waits for it. It imports nothing of eventlog, so it starts in some 20 ms.

    log_writer.py FILE BYTES_MAX FILES_KEPT
"""

import os
import signal
import sys
from contextlib import suppress

PIECE_BYTES = 65536


class Log:
    """A file, and its predecessors: FILE, FILE.1, and so on."""

    def __init__(self, path: str, bytes_max: int, kept: int) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._kept = kept
        self._file: int | None = None
        self._lost_bytes = 0

    def write(self, piece: bytes) -> None:
        """Write a piece, or lose it."""
        try:
            self._make_room(len(piece))
            if self._lost_bytes:
                self._put(b"\n[%d bytes of this log could not be written]\n" % self._lost_bytes)
                self._lost_bytes = 0
            self._put(piece)
        except OSError:
            self._lost_bytes += len(piece)

    def _put(self, piece: bytes) -> None:
        assert self._file is not None
        while piece:
            piece = piece[os.write(self._file, piece) :]

    def _make_room(self, size: int) -> None:
        """Open the file, if it is not open or no more the one of its name; put a full one aside."""
        if self._file is not None and not self._is_there(self._file):
            os.close(self._file)
            self._file = None
        if self._file is None:
            try:
                self._file = self._opened(self._path)
            except PermissionError:  # somebody else's file, in a folder that may be ours
                self._put_aside()
                self._file = self._opened(self._path)
        if os.fstat(self._file).st_size + size > self._bytes_max:
            # The new file first: where it cannot be made, the old one stays as it is.
            new = self._opened(f"{self._path}.new", os.O_TRUNC)
            self._put_aside()
            os.rename(f"{self._path}.new", self._path)
            os.close(self._file)
            self._file = new

    def _is_there(self, file: int) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(file), os.stat(self._path, follow_symlinks=False))
        return False

    def _opened(self, path: str, flags: int = 0) -> int:
        flags |= os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        os.fchmod(file, 0o600)
        folder = os.stat(os.path.dirname(path))
        if os.geteuid() == 0 and folder.st_uid != 0:
            # Root runs what somebody else will run again.
            os.fchown(file, folder.st_uid, folder.st_gid)
        return file

    def _put_aside(self) -> None:
        for number in range(self._kept, 0, -1):
            with suppress(FileNotFoundError):
                older = f"{self._path}.{number - 1}" if number > 1 else self._path
                os.rename(older, f"{self._path}.{number}")


def main(path: str, bytes_max: str, kept: str) -> None:
    """Write until no process holds the other end of the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    log = Log(path, int(bytes_max), int(kept))
    while piece := os.read(0, PIECE_BYTES):
        log.write(piece)


if __name__ == "__main__":
    main(*sys.argv[1:])
