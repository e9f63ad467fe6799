"""What is known of one file's lines: where their time is, and which of them begin a record."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

import msgspec

from publisher.errors import ShipError
from publisher.ship.times.formats import FORMAT_BY_NAME
from publisher.ship.times.layout import CUSTOM, Layout, TimeFormat, compiled
from publisher.ship.times.moments import (
    FUTURE_TOLERANCE,
    Day,
    Fields,
    at_zone,
    counted,
    day_of,
    in_contract,
    latest_year,
    local_of,
)
from publisher.ship.times.survey import (
    LINES_SETTLED,
    MYSQL_BANNER,
    TRACE,
    first_year,
    is_yearless,
    lines_of,
    settle_order,
    survey,
    years_on,
)
from publisher.ship.times.values import read_time, time_in
from publisher.ship.times.zones import SeveralMeanings

# Stamps that begin a record wherever they begin a line, whatever the other lines look like.
_ANYWHERE = tuple(
    re.compile(rf"[\[(<]?(?P<stamp>{FORMAT_BY_NAME[name].pattern})".encode())
    for name in ("iso", "day-month-year", "month-day-year", "asctime", "month-day")
)
_LEVELED = re.compile(rb"\S+ \S+ (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
Stamps = Callable[[Layout], Iterable[Fields]]


class FileLines:
    """The lines of one file, in their order."""

    def __init__(self, zone: tzinfo, known: TimeFormat, time_format: Layout | None = None) -> None:
        self.state = known
        self.notes: list[str] = []
        self.by_clock = False  # what comes now is written now
        self._zone = zone
        self._custom = time_format
        self._changed = datetime.now(UTC)
        self._last: datetime | None = None
        self._last_stamp, self._last_text = b"", ""
        self._year = 0
        self._day: Day | None = None
        self._odd = self._inside = False
        self._patterns: list[tuple[Layout | None, re.Pattern[bytes]]] = []
        self._take_layouts()

    @property
    def is_settled(self) -> bool:
        """Tell whether enough lines were looked at."""
        return self.state.lines >= LINES_SETTLED

    def learn(self, sample: bytes, changed: datetime, stamps: Stamps | None = None) -> None:
        """Look at the first lines; `stamps` reads a layout's stamps in all that is to be read."""
        self._changed = changed
        lines = lines_of(sample)
        if not self.is_settled and len(lines) > self.state.lines:
            self._learn_layouts(lines, changed, stamps)
        first = self.state.layouts[0] if self.state.layouts else None
        if first is not None and is_yearless(first) and stamps is not None and self._day is None:
            newest = (changed + FUTURE_TOLERANCE).astimezone(self._zone).date()
            self._year = first_year(_days(stamps(first)), newest) or newest.year

    def time_of(self, line: bytes) -> str | None:
        """Return the line's own time, in RFC 3339."""
        if self.state.quoted:
            self._inside = self._odd
            self._odd ^= bool(line.count(b'"') & 1)
            if self._inside:
                return None
        if line[:1] == b"{" and self._custom is None:
            return self._time_in(line)
        if self.state.mysql and line[:6] != b"# Time":
            # An entry of the same second has no time of its own, and what stands in its statement is none.
            return self._last_text or None if line.startswith(b"# User@Host") else None
        if self._last_stamp and line.startswith(
            self._last_stamp, line.find(b"[") if self._last_stamp[:1] == b"[" else 0
        ):
            return self._last_text or None
        for layout, pattern in self._patterns:
            match = pattern.match(line)
            if match is not None:
                self._last_text = self._text_of(layout, match) or ""
                self._last_stamp = _repeated(line, match.start("stamp"), match.end("stamp"))
                return self._last_text or None
        return None

    def begins(self, line: bytes, time: str | None, before: bytes) -> bool:
        """Tell whether the line begins a record; `before` is the open one's last line."""
        if self._inside:
            return False
        if self.state.mysql:
            if line.startswith(b"# User@Host"):
                return not before.startswith(b"# Time")
            return line.startswith(b"# Time: ") or MYSQL_BANNER.match(line) is not None
        if time is not None or line[:1] == b"{":
            self._odd = bool(line.count(b'"') & 1) if self.state.quoted else False
            return True
        if not line or line[:1] in b" \t":
            return False
        if TRACE.match(line):
            return not self.state.layouts and before[:1] not in (b" ", b"\t")
        return not self.state.joins or before[:1] == b"{"

    def _learn_layouts(self, lines: list[bytes], changed: datetime, stamps: Stamps | None) -> None:
        state = survey(lines, changed)
        if self._custom is not None:
            matching = sum(compiled(self._custom).match(line) is not None for line in lines)
            if not matching:
                raise ShipError(f"--time-format matches none of the first {len(lines)} lines")
            state = msgspec.structs.replace(state, layouts=(self._custom,), joins=matching * 2 >= len(lines))
        numbers = next((it for it in state.layouts if it.format == "numbers"), None)
        if numbers is not None:
            found = settle_order(
                stamps(numbers) if stamps else (), changed, leveled=all(map(_LEVELED.match, lines))
            )
            state = msgspec.structs.replace(state, order=found.order if found else "")
        self.state = state
        self._last_stamp = b""
        self._take_layouts()

    def _take_layouts(self) -> None:
        self._patterns = [(layout, compiled(layout)) for layout in self.state.layouts]
        if self._custom is None:
            self._patterns += [(None, pattern) for pattern in _ANYWHERE]

    def _time_in(self, line: bytes) -> str | None:
        try:
            return time_in(_object(line), self._zone)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _text_of(self, layout: Layout | None, match: re.Match[bytes]) -> str | None:
        fields = match.groupdict()
        try:
            moment = counted(fields) or self._moment(layout, fields)
        except SeveralMeanings as several:
            self._note(f"the zone {several} means several; --timezone settles it, until then it is no time")
            return None
        except (ValueError, OverflowError):
            return None
        if moment is None:
            return None
        self._last = moment.astimezone(UTC)
        return in_contract(moment)

    def _moment(self, layout: Layout | None, fields: Fields) -> datetime | None:
        if fields.get("a") is not None and not self.state.order:
            stamp = b"/".join(fields[name] or b"" for name in "abc").decode()
            self._note(
                f"which of {stamp} is the day and which the month cannot be told; --time-format settles it"
            )
            return None
        day = day_of(fields, self.state.order or "dmy")
        if fields.get("half") is None and fields.get("h") is None and layout is None:
            return None
        year = day.year or self._year_of(day)
        return None if year is None else at_zone(local_of(day, year, fields), fields, self._zone, self._last)

    def _year_of(self, day: Day) -> int | None:
        """Choose the year of a stamp without one: by the clock while it is written, else by the order."""
        before, self._day = self._day, day
        if self.by_clock or day.weekday is not None or not self._year:
            base = datetime.now(UTC) if self.by_clock else self._changed
            newest = (base + FUTURE_TOLERANCE).astimezone(self._zone).date()
            self._year = latest_year(day, newest) or self._year
            return latest_year(day, newest)
        if before is not None:
            self._year += years_on(before, day)
        return self._year

    def _note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < 10:
            self.notes.append(text)


def _repeated(line: bytes, start: int, end: int) -> bytes:
    """Return what the next line of the same time has too, at its beginning or from its first bracket on.

    That saves matching it again. The byte behind the stamp belongs to it: a longer stamp is another one.
    """
    if not start:
        return line[: end + 1]
    if line.find(b"[") == start - 1:
        return line[start - 1 : end + 1]
    return b""


def _days(stamps: Iterable[Fields]) -> list[Day]:
    days: list[Day] = []
    for fields in stamps:
        try:
            day = day_of(fields, "dmy")
        except (ValueError, KeyError):
            continue
        if not days or days[-1][1:3] != day[1:3]:
            days.append(day)
    return days


__all__ = ["CUSTOM", "FileLines", "read_time"]
