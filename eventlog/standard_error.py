"""Standard error that nobody fails or waits for.

Whoever says something there is in the middle of something else: a thread that keeps the database running, an
answer to a publisher. The disk that takes the log may be full, its reader gone or stopped, or nobody ever
opened it. So what cannot be written is lost, counted, and told once something can be written again.

Put in the place of sys.stderr, it holds for all that speak there: logs, `print`, progress bars, tracebacks of
threads, libraries.
"""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OUTPUT = 1
ERROR = 2
# A pipe that is ready for writing takes this much without a wait: POSIX's PIPE_BUF.
PIECE_BYTES = 4096
# How long a reader may keep us waiting; once it has, it must be ready when we come.
PATIENCE_SECONDS = 0.5


class LossyFile(io.RawIOBase):
    """A file that takes all that it is given, and loses what the descriptor does not take."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost_bytes = 0
        self._reason = ""

    def writable(self) -> bool:
        """Whether it can be written to: always."""
        return True

    def isatty(self) -> bool:
        """Whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what the descriptor takes soon, and lose the rest, which is said once it takes some again."""
        piece = bytes(memoryview(data)[:PIECE_BYTES])
        if self._lost_bytes:
            told = f"\n[{self._lost_bytes:,} bytes of this log could not be written: {self._reason}]\n"
            if self._put(told.encode()):
                self._lost_bytes = 0
        if self._lost_bytes or not self._put(piece):
            self._lost_bytes += len(piece)
        return len(piece)

    def _put(self, piece: bytes) -> bool:
        patience = 0.0 if self._lost_bytes else PATIENCE_SECONDS
        try:
            while piece:
                if not select.select([], [self._descriptor], [], patience)[1]:
                    self._reason = "nobody reads it"
                    return False
                piece = piece[os.write(self._descriptor, piece) :]
        except (OSError, ValueError) as error:
            self._reason = getattr(error, "strerror", None) or str(error)
            return False
        return True


def keep_standard_error() -> None:
    """Have this process neither fail nor wait for its standard error. For entry points; again is fine."""
    _fill_gaps()
    sys.stderr = _kept(sys.stderr, ERROR)


def keep_standard_output() -> None:
    """The same for the standard output of a service: no data go there, but others' code may print."""
    _fill_gaps()
    sys.stdout = _kept(sys.stdout, OUTPUT)


def _kept(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None:
        if isinstance(getattr(getattr(stream, "buffer", None), "raw", None), LossyFile):
            return stream
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError):  # it is no file: somebody collects what we say
            return stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    buffer = io.BufferedWriter(LossyFile(descriptor))
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)


def _fill_gaps() -> None:
    """Open what was closed of descriptors 0, 1 and 2, to nothing.

    Else the next file or socket would get such a number, and what is written to standard output or error, by
    a program of PostgreSQL for instance, would end up in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is this one, as those below are taken by now.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
