"""Bytes of a file → records, each with an identity that outlives rotation, growth and copying. Pure.

Identity. A running hash goes over the content of the lines in order: after line n it stands for lines
1 … n, their order and nothing else. A record's event_id is made of the hash before its first line and
the hash after its last. So the same line at the same place of the same content has the same id however
the file is called, wherever it lies and however far it has grown meanwhile; equal lines of one file
differ, since what came before them does; and two files share ids only as far as they are equal from
their first line on and carry the same name and source (which the first hash is made of).

Limits. A file whose beginning was cut off or edited is a new file from there on. A record that was still
being written when it was shipped (its stack trace half there) is shipped in pieces; shipped again from
the start it is whole, and one event more.

Every decision about a line rests on the lines before it, never on what follows, so that a file gives the
same records read at once, in pieces, or resumed at a `Cursor`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from publisher.ship.timestamps import TimeFinder, TimeFormat

# A record is at most so much of a file. Escaped as JSON it can grow sevenfold (control characters to
# \u00xx, plus base64 where it is no UTF-8), which stays under the 1 MiB that the API takes for an event.
RECORD_BYTES_MAX = 128 * 1024
RECORD_LINES_MAX = 1000
STAMP_BYTES_MAX = 512
EVENT_ID_CHARACTERS = 32  # 128 bits: no two records will ever share them by chance
UTF8_BOM = b"\xef\xbb\xbf"


class Cursor(msgspec.Struct, frozen=True):
    """A place between two lines (or inside one that is too long), and all it takes to read on from there."""

    offset: int = 0
    line_number: int = 0  # lines that ended before this place
    chain: bytes = b""
    inside_line: bool = False
    part: int = 0  # of the last record, if it was one part of something longer
    time: str = ""  # of the last record
    times: TimeFormat = TimeFormat()


@dataclass(frozen=True, slots=True)
class Record:
    """One line, or a line with those that continue it; `text` without the last line ending."""

    event_id: str
    text: bytes
    line_number: int
    lines: int
    part: int  # 0 for a whole record; 1, 2, … for the parts of one that is too long
    time: str
    after: Cursor


@dataclass(slots=True)
class _Open:
    """A record that the next line may continue."""

    before: Cursor
    lines: list[bytes]
    size: int
    time: str
    part: int

    def has_room_for(self, line: bytes) -> bool:
        return len(self.lines) < RECORD_LINES_MAX and self.size + 1 + len(line) <= RECORD_BYTES_MAX


def first_cursor(name: str, source: str) -> Cursor:
    """Return where a file begins: its name and source are what the first hash is made of."""
    return Cursor(chain=sha256(b"eventlog file\0" + name.encode() + b"\0" + source.encode()).digest())


class RecordReader:
    """Turn bytes, fed in any pieces, into records.

    `finder` None means that every line is a record for itself (NDJSON).
    """

    def __init__(
        self,
        cursor: Cursor,
        finder: TimeFinder | None,
        default_time: str,
        line_bytes_max: int = RECORD_BYTES_MAX,
    ) -> None:
        self._at = cursor
        self._finder = finder
        self._time = cursor.time or default_time
        self._line_bytes_max = line_bytes_max
        self._rest = b""
        self._open: _Open | None = None

    @property
    def offset(self) -> int:
        """Return how far into the file the bytes fed so far reach."""
        return self._at.offset + len(self._rest)

    def feed(self, data: bytes) -> Iterator[Record]:
        """Take the file's next bytes; yields the records that are complete."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            yield from self._pieces_and_line(line, 1)
        while len(self._rest) > self._line_bytes_max:
            piece, self._rest = self._cut(self._rest)
            yield from self._take_piece(piece, len(piece), ended=False)

    def flush(self) -> Iterator[Record]:
        """Yield the record that is held back: nothing that continues it came in time."""
        if self._open is not None:
            yield self._close(self._open)

    def finish(self) -> Iterator[Record]:
        """Yield what is left at the end of the file, also a last line that has no newline.

        Such a line's cursor is the place before it: should the file go on, it is read again, and keeps
        its id if nothing but its newline was missing.
        """
        rest, self._rest = self._rest, b""
        records = list(self._pieces_and_line(rest, 0)) if rest else []
        before = self._open.before if self._open else None
        records += self.flush()
        if rest and records and before is not None:
            records[-1] = replace(records[-1], after=before)
        yield from records

    def _pieces_and_line(self, line: bytes, newline_bytes: int) -> Iterator[Record]:
        while len(line) > self._line_bytes_max:
            piece, line = self._cut(line)
            yield from self._take_piece(piece, len(piece), ended=False)
        content = line[:-1] if line.endswith(b"\r") else line
        if self._at.offset == 0:
            content = content.removeprefix(UTF8_BOM)
        consumed = len(line) + newline_bytes
        if self._at.inside_line:
            yield from self._take_piece(content, consumed, ended=True)
        else:
            yield from self._take_line(content, consumed)

    def _take_line(self, content: bytes, consumed: int) -> Iterator[Record]:
        time = self._finder.find(_readable_head(content)) if self._finder else None
        part = 0
        if time is None and self._continues(content):
            if self._open is not None and self._open.has_room_for(content):
                self._open.lines.append(content)
                self._open.size += 1 + len(content)
                self._advance(content, consumed, inside_line=False)
                return
            if self._open is not None:
                self._open.part = self._open.part or 1
                yield from self.flush()
            part = self._at.part and self._at.part + 1
        yield from self.flush()
        self._start(content, consumed, time, part, inside_line=False)
        if self._finder is None:
            yield from self.flush()

    def _take_piece(self, content: bytes, consumed: int, *, ended: bool) -> Iterator[Record]:
        """Give out a piece of a line that is too long, as a part of its own."""
        yield from self.flush()
        first = not self._at.inside_line
        time = self._finder.find(_readable_head(content)) if self._finder and first else None
        self._start(content, consumed, time, 1 if first else self._at.part + 1, inside_line=not ended)
        if not ended or self._finder is None:
            yield from self.flush()

    def _continues(self, content: bytes) -> bool:
        if self._finder is None or self._at.offset == 0:
            return False
        return not content or content[:1] in b" \t" or self._finder.lines_begin_with_stamps

    def _start(
        self, content: bytes, consumed: int, time: str | None, part: int, *, inside_line: bool
    ) -> None:
        before, self._time = self._at, time or self._time
        self._advance(content, consumed, inside_line=inside_line)
        self._open = _Open(before, [content], len(content), self._time, part)

    def _advance(self, content: bytes, consumed: int, *, inside_line: bool) -> None:
        at = self._at
        self._at = Cursor(
            offset=at.offset + consumed,
            line_number=at.line_number + (not inside_line),
            chain=sha256(at.chain + content).digest(),
            inside_line=inside_line,
            part=at.part,
            time=self._time,
            times=self._finder.format if self._finder else at.times,
        )

    def _close(self, record: _Open) -> Record:
        self._open = None
        at = self._at
        self._at = Cursor(
            at.offset, at.line_number, at.chain, at.inside_line, record.part, record.time, at.times
        )
        return Record(
            event_id=sha256(record.before.chain + at.chain).hexdigest()[:EVENT_ID_CHARACTERS],
            text=b"\n".join(record.lines),
            line_number=record.before.line_number + 1,
            lines=len(record.lines),
            part=record.part,
            time=record.time,
            after=self._at,
        )

    def _cut(self, line: bytes) -> tuple[bytes, bytes]:
        """Split off as much as one part may hold, not inside a character."""
        end = self._line_bytes_max
        while end > self._line_bytes_max - 3 and line[end] & 0xC0 == 0x80:
            end -= 1
        return line[:end], line[end:]


def _readable_head(content: bytes) -> str:
    """Decode what the stamp is looked for in; JSON has to be read whole."""
    head = content if content.startswith(b"{") else content[:STAMP_BYTES_MAX]
    return head.decode("utf-8", "replace")
