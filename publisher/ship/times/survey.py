"""Look at a file's first lines, and settle which stamps stand where. Pure.

What decides is place and shape, and how many lines agree; never one number somewhere in one line.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple

from publisher.ship.times.formats import FORMATS, HEAD_BYTES, PLACES, Format, StampPlace
from publisher.ship.times.layout import Layout, TimeFormat, compiled
from publisher.ship.times.moments import FUTURE_TOLERANCE, Day, Fields, counted, day_of, latest_year, local_of

LINES_MAX = 120
# Enough lines that agree; fewer are looked at again when there are more.
LINES_SETTLED = 50
COLUMN_LINES_MIN = 5
COLUMNS_MAX = 12
# A single mere number is a time only if the file was changed within this time after it.
LONE_NUMBER_AGE = timedelta(days=400)
NEAR = timedelta(hours=36)
TRACE = re.compile(
    rb"Caused by: |Suppressed: |\.\.\. \d+ more|\[wrapped\]|Traceback \(most recent call last\):"
    rb"|During handling of |The above exception"
    rb"|(?:[A-Za-z_][\w$]*\.)+[\w$]*(?:Exception|Error|Throwable|Warning|Failure)\b"
    rb"|[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)(?::|$)|goroutine \d+ \[|stack backtrace:|at \S+ \("
)
MYSQL = re.compile(rb"# (?:User@Host|Time|Query_time|Thread_id): ")
# What the server writes when it opens its slow log.
MYSQL_BANNER = re.compile(rb"\S+, Version: .*started with:|Tcp port: \d|Time +Id Command ")
_FORMATS = [(it, re.compile(it.pattern.encode())) for it in FORMATS]
_PLACES = [(it, re.compile(it.pattern.encode()), re.compile(it.after.encode())) for it in PLACES]
_YEARLESS = frozenset(("month-day", "day-month", "glog", "two-numbers"))
_STRONG_NUMBERS = frozenset(("audit", "journal", "flow", "logfmt", "history", "shell"))
_STRONG_PLACES = frozenset(("start", "opening", "priority", "level", "level letter", "bracket"))


class Settled(NamedTuple):
    """Which of three numbers is what, if that could be told."""

    order: str
    reason: str


class _Candidate(NamedTuple):
    layout: Layout
    rank: int
    moment: datetime | None


def survey(lines: Sequence[bytes], changed: datetime) -> TimeFormat:
    """Settle the layouts of a file by its first lines; `changed` is when it was last modified."""
    votes: Counter[Layout] = Counter()
    columns: dict[Layout, list[datetime]] = {}
    stamped = others = 0
    for line in lines[:LINES_MAX]:
        if not line.strip() or line[:1] == b"{":
            continue
        known = next((it for it, _ in votes.most_common(3) if compiled(it).match(line)), None)
        found = known or _best(line, changed, columns)
        if found is not None:
            votes[found] += 1
            stamped += 1
        elif line[:1] not in b" \t" and not TRACE.match(line):
            others += 1
    if not votes:
        votes, stamped, others = _by_column(columns, stamped + others)
    layouts = tuple(layout for layout, _ in votes.most_common(4))
    return TimeFormat(
        layouts=layouts,
        lines=len(lines),
        joins=bool(layouts) and layouts[0].joins and stamped >= others,
        mysql=any(MYSQL.match(line) for line in lines),
        quoted=_is_quoted(lines, layouts),
    )


def _best(line: bytes, changed: datetime, columns: dict[Layout, list[datetime]]) -> Layout | None:
    """Return the layout of a line: of all stamps at a place where stamps stand, the first in the data."""
    head = line[:HEAD_BYTES] if b"=" not in line else line[:2000]
    found: list[tuple[int, int, int, Layout]] = []
    for number, (form, pattern) in enumerate(_FORMATS):
        for match in pattern.finditer(head):
            moment = _plausible(form, match.groupdict(), changed)
            if moment is None:
                continue
            placed = _place(form, head, match, moment, changed)
            if placed is not None:
                rank, place = placed
                found.append((rank, match.start(), number, Layout(form.name, place.name)))
            else:
                _note_column(form, head, match, moment, columns)
    return min(found)[3] if found else None


def _place(
    form: Format, head: bytes, match: re.Match[bytes], moment: datetime, changed: datetime
) -> tuple[int, StampPlace] | None:
    before = head[: match.start()].removeprefix(b" ")
    for rank, (place, pattern, after) in enumerate(_PLACES):
        if form.weak and not place.weak_too:
            continue
        if not pattern.fullmatch(before) or not after.match(head, match.end()):
            continue
        if form.weak and place.name not in _STRONG_NUMBERS and moment < changed - LONE_NUMBER_AGE:
            continue
        if place.name not in _STRONG_PLACES and moment > changed + FUTURE_TOLERANCE:
            continue
        return (
            2 if place.name == "logfmt" else rank + 3 if place.name not in ("start", "opening") else 1
        ), place
    return None


def _note_column(
    form: Format, head: bytes, match: re.Match[bytes], moment: datetime, columns: dict[Layout, list[datetime]]
) -> None:
    before = head[: match.start()]
    column = len(before.split())
    whole_words = before[-1:] in (b" ", b"\t") and head[match.end() : match.end() + 1] in (b" ", b"\t", b"")
    if whole_words and column <= COLUMNS_MAX:
        columns.setdefault(Layout(form.name, "word", column), []).append(moment)


def _by_column(columns: dict[Layout, list[datetime]], lines: int) -> tuple[Counter[Layout], int, int]:
    """Take the word that is a time in nearly every line, and hardly ever runs backwards."""
    votes: Counter[Layout] = Counter()
    for layout, moments in columns.items():
        backwards = sum(after < before for before, after in pairwise(moments))
        if len(moments) >= max(COLUMN_LINES_MIN, 0.8 * lines) and backwards <= 0.1 * len(moments):
            votes[layout] = len(moments)
            return votes, len(moments), lines - len(moments)
    return votes, 0, lines


def _plausible(form: Format, fields: Fields, changed: datetime) -> datetime | None:
    """Return about when the stamp is; None when there is no such time."""
    try:
        moment = counted(fields)
        if moment is not None:
            return (
                moment
                if datetime(2001, 9, 9, tzinfo=changed.tzinfo) < moment < changed + FUTURE_TOLERANCE
                else None
            )
        for order in ("dmy", "mdy", "ymd"):
            try:
                day = day_of(fields, order)
                year = day.year or latest_year(day, (changed + FUTURE_TOLERANCE).date())
                return local_of(day, year or 0, fields).replace(tzinfo=changed.tzinfo)
            except ValueError:
                if fields.get("a") is None:
                    raise
    except (ValueError, OverflowError):
        return None
    return None


def _is_quoted(lines: Sequence[bytes], layouts: tuple[Layout, ...]) -> bool:
    """Tell whether these are lines of CSV with quotes, in which a field may go over several lines."""
    if not layouts or layouts[0].place != "start":
        return False
    pattern, inside = compiled(layouts[0]), False
    follows: set[bytes] = set()
    for line in lines:
        if not inside and (match := pattern.match(line)):
            follows.add(line[match.end() : match.end() + 2])
        inside ^= bool(line.count(b'"') & 1)
    # PostgreSQL's own processes have no user, so that an empty field may follow.
    return b',"' in follows and follows <= {b',"', b",,"}


def is_yearless(layout: Layout) -> bool:
    """Tell whether the stamps have no year."""
    return layout.format in _YEARLESS


def settle_order(numbers: Iterable[Fields], changed: datetime, *, leveled: bool) -> Settled | None:
    """Tell day, month and year apart in stamps like 10/11/24, by all of a file and its last change."""
    stamps = list(numbers)
    if not stamps:
        return None
    long_year = len(stamps[0].get("c") or b"") == 4
    orders: tuple[str, ...] = ("dmy", "mdy") if long_year else ("ymd", "dmy", "mdy")
    if stamps[0].get("sep") == b".":
        orders = tuple(order for order in orders if order != "mdy")
    readings = {order: moments for order in orders if (moments := _read_all(stamps, order)) is not None}
    newest = changed.replace(tzinfo=None) + FUTURE_TOLERANCE
    readings = {order: moments for order, moments in readings.items() if max(moments) <= newest} or readings
    if len(readings) == 1:
        return Settled(next(iter(readings)), "the only one that there is")
    near = [
        order for order, moments in readings.items() if abs(newest - FUTURE_TOLERANCE - moments[-1]) <= NEAR
    ]
    if len(near) == 1:
        return Settled(near[0], "by the file's last change")
    in_order = [order for order, moments in readings.items() if moments == sorted(moments)]
    spans = sorted((max(readings[order]) - min(readings[order]), order) for order in in_order)
    if len(spans) == 1 and len(set(stamps[0].get("a") or b"")) and len(readings[spans[0][1]]) > 2:
        return Settled(spans[0][1], "by the order of the lines")
    if len(spans) > 1 and spans[0][0] * 5 < spans[1][0]:
        return Settled(spans[0][1], "by the time between the lines")
    if leveled and "ymd" in readings:
        return Settled("ymd", "as Hadoop and Spark write")
    return None


def _read_all(stamps: list[Fields], order: str) -> list[datetime] | None:
    try:
        days = [(day_of(fields, order), fields) for fields in stamps]
        return [local_of(day, day.year or 0, fields) for day, fields in days]
    except ValueError:
        return None


def first_year(days: Sequence[Day], newest: date) -> int | None:
    """Return the year of the first of the days of a file, of which the last is not after the newest."""
    if not days:
        return None
    year = latest_year(days[-1], newest)
    if year is None:
        return None
    for after, before in zip(reversed(days), reversed(days[:-1]), strict=False):
        year -= years_on(before, after)
    return year


def years_on(before: Day, after: Day) -> int:
    """Return how many years later the second of two lines is: 1 over New Year, -1 for one that came late."""
    first, second = (before.month - 1) * 31 + before.day, (after.month - 1) * 31 + after.day
    if second < first and first - second > 31 * 6:
        return 1 if 372 - first + second < 31 * 6 else 0
    if second < first:
        return 0 if first - second <= 31 else 1
    return -1 if 372 - second + first <= 7 else 0


def lines_of(sample: bytes) -> list[bytes]:
    """Split a sample into its whole lines."""
    lines = [line.removesuffix(b"\r") for line in sample.split(b"\n")]
    lines.pop()
    return lines[:LINES_MAX]


def zone_free(moment: datetime, zone: tzinfo) -> datetime:
    """Write a moment as a clock in the zone shows it."""
    return moment.astimezone(zone).replace(tzinfo=None)
