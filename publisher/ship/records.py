"""Bytes of a file → records: a line with the lines that continue it. Pure.

A record is known by its file and by the offset of its first byte, so the same line twice is two records. What
a record holds must therefore not depend on how the file was read: a record ends where the next one begins,
and that is decided by what the lines look like. Where nothing follows, time closes it (or the end of a file
that is read once); that place is the shipper's to remember, and is given back as `sealed`.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

# The most bytes of a file that one record takes. Escaped as JSON it can grow sevenfold (control characters to
# \u00xx, plus base64 where it is no UTF-8), which stays under the 1 MiB that the API takes for an event.
RECORD_BYTES_MAX = 128 * 1024
RECORD_LINES_MAX = 1000


class Start(NamedTuple):
    """Where reading goes on."""

    offset: int = 0
    line_number: int = 0  # lines that ended before
    inside: int = 0  # parts so far of the line that the offset is inside of
    sealed: int = 0
    time: str = ""  # of the record before


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record; `text` is without the last line ending, `time` "" where it has none."""

    offset: int
    line_number: int
    text: bytes
    lines: int
    time: str
    part: int  # 0 for a whole record; 1, 2, … for the parts of a line that is too long
    continues: bool  # it goes on with what the record before began
    end: int  # the offset behind it
    end_line: int
    inside: int = 0  # parts so far of the line that the end is inside of

    @property
    def is_one_line(self) -> bool:
        """Tell whether it is no more and no less than a line."""
        return self.lines == 1 and not self.part and not self.continues

    @property
    def after(self) -> Start:
        """Return where reading goes on behind it."""
        return Start(self.end, self.end_line, self.inside, 0, self.time)


class Lines(Protocol):
    """What is known of a file's lines."""

    def time_of(self, line: bytes) -> str | None:
        """Return the line's own time, in RFC 3339."""

    def begins(self, line: bytes, time: str | None, before: bytes) -> bool:
        """Tell whether the line begins a record; `before` is the open one's last line."""


class EveryLine:
    """Each line is a record for itself (NDJSON)."""

    def time_of(self, line: bytes) -> str | None:
        """Leave the time to whoever reads the fields."""
        return None

    def begins(self, line: bytes, time: str | None, before: bytes) -> bool:
        """Say yes."""
        return True


class RecordReader:
    """Turn bytes, fed in any pieces, into records."""

    def __init__(self, start: Start, lines: Lines, line_bytes_max: int = RECORD_BYTES_MAX) -> None:
        self._lines = lines
        self._line_bytes_max = line_bytes_max
        self._offset, self._line_number, self._inside, self._sealed, self._time = start
        self._rest = b""
        self._open: list[bytes] = []
        self._open_size = self._open_offset = self._open_line = 0
        self._open_time = ""
        self._continues = False

    @property
    def holds(self) -> bool:
        """Tell whether a record is held back that the next line may continue."""
        return bool(self._open)

    @property
    def half_line(self) -> int:
        """Return how many bytes of a line are here whose end is not."""
        return len(self._rest)

    def feed(self, data: bytes, offset: int) -> Iterator[Record]:
        """Take the bytes at `offset`; yields the records that are complete."""
        expected = self._offset + len(self._rest)
        if offset != expected:
            yield from self._pass_hole(offset)
        lines = (self._rest + data).split(b"\n")
        self._rest = b""
        rest = lines.pop()
        for line in lines:
            if len(line) > self._line_bytes_max or self._inside or line[:1] == b"\0":
                yield from self._odd_line(line, 1)
            else:
                record = self._take(line[:-1] if line[-1:] == b"\r" else line, len(line) + 1)
                if record is not None:
                    yield record
        self._rest = rest
        while len(self._rest) > self._line_bytes_max:
            piece, self._rest = self._cut(self._rest)
            yield from self._take_part(piece, ended=False)

    def flush(self) -> Iterator[Record]:
        """Yield the record that is held back: nothing that continues it came in time."""
        if self._open:
            yield self._close()

    def finish(self) -> Iterator[Record]:
        """Yield what is left at the end of the file, also a last line that has no newline."""
        rest, self._rest = self._rest, b""
        if not rest:
            yield from self.flush()
            return
        records = [*self._odd_line(rest, 0), *self.flush()]
        if records and not self._inside:  # should the line go on after all, that is a part of its own
            records[-1] = msgspec.structs.replace(records[-1], end_line=self._line_number - 1, inside=1)
        yield from records

    def _take(self, line: bytes, size: int) -> Record | None:
        """Take a whole line; returns the record that it ends."""
        closed = None
        time = self._lines.time_of(line)
        if self._open:
            begins = self._lines.begins(line, time, self._open[-1])
            if not (begins or self._sealed == self._offset or self._is_full(line)):
                self._open.append(line)
                self._open_size += 1 + len(line)
                self._offset += size
                self._line_number += 1
                return None
            closed = self._close()
            self._continues = not begins
        elif self._offset and not self._lines.begins(line, time, b""):
            self._continues = True
        self._open = [line]
        self._open_size = len(line)
        self._open_offset = self._offset
        self._open_time = time or ""
        self._offset += size
        self._line_number = self._open_line = self._line_number + 1
        return closed

    def _is_full(self, line: bytes) -> bool:
        return len(self._open) >= RECORD_LINES_MAX or self._open_size + len(line) > RECORD_BYTES_MAX

    def _close(self) -> Record:
        lines, self._open = self._open, []
        continues, self._continues = self._continues, False
        time = self._time if continues and not self._open_time else self._open_time
        self._time = time
        text = lines[0] if len(lines) == 1 else b"\n".join(lines)
        end, end_line = self._offset, self._line_number
        return Record(self._open_offset, self._open_line, text, len(lines), time, 0, continues, end, end_line)

    def _odd_line(self, line: bytes, newline: int) -> Iterator[Record]:
        """Take a line that is too long, goes on with one that was, or begins in a hole."""
        text = line.lstrip(b"\0") if not self._inside else line
        self._skip(len(line) - len(text))
        while len(text) > self._line_bytes_max:
            piece, text = self._cut(text)
            yield from self._take_part(piece, ended=False)
        text_end = text[:-1] if text.endswith(b"\r") else text
        if self._inside:
            yield from self._take_part(text_end, ended=True, size=len(text) + newline)
        elif (record := self._take(text_end, len(text) + newline)) is not None:
            yield record

    def _take_part(self, piece: bytes, *, ended: bool, size: int | None = None) -> Iterator[Record]:
        yield from self.flush()
        part = self._inside + 1
        if part == 1:
            self._time = self._lines.time_of(piece) or ""
        offset, number = self._offset, self._line_number
        self._offset += len(piece) if size is None else size
        self._inside = 0 if ended else part
        self._line_number += ended
        if piece:
            end = (self._offset, self._line_number, self._inside)
            yield Record(offset, number + 1, piece, 1, self._time, part, part > 1, *end)

    def _pass_hole(self, offset: int) -> Iterator[Record]:
        """Go on behind a hole; what stood before it without a newline is a line of its own."""
        rest, self._rest = self._rest, b""
        if rest:
            yield from self._odd_line(rest, 0)
        yield from self.flush()
        self._inside = 0
        self._offset = offset

    def _skip(self, size: int) -> None:
        self._offset += size

    def _cut(self, line: bytes) -> tuple[bytes, bytes]:
        """Split off as much as one part may hold, not inside a character."""
        end = self._line_bytes_max
        while end > self._line_bytes_max - 3 and line[end] & 0xC0 == 0x80:
            end -= 1
        return line[:end], line[end:]
