"""In the place of a standard output that was closed when we began."""

import io

from eventlog.standard_error import OUTPUT
from eventlog.terminal.errors import OutputClosed


class ClosedOutput(io.TextIOBase):
    """Whoever has data to write fails, and says so; otherwise they would be lost without a word."""

    encoding = "utf-8"

    def write(self, text: str, /) -> int:
        """Raise OutputClosed, unless there is nothing to write."""
        if text:
            raise OutputClosed
        return 0

    def fileno(self) -> int:
        """Return the descriptor, which is open to nothing: services write there what others' code prints."""
        return OUTPUT
