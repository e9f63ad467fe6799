"""The fields of a stamp → a moment. Pure."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from eventlog.timestamps import rfc3339
from publisher.ship.times.formats import MONTHS, WEEKDAYS
from publisher.ship.times.zones import is_zone, zone_of

YEAR_FIRST, YEAR_LAST = 1970, 9999
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How long after a file's last change a stamp may lie (clocks differ, and zones may be missing).
FUTURE_TOLERANCE = timedelta(days=2)
_TAI_LEAP_SECONDS = 10  # as multilog counts: from the label's definition, without the later ones
YEAR_BACK_MAX = 40


class Day(NamedTuple):
    """A day as it is written; None for what is not."""

    year: int | None
    month: int
    day: int
    weekday: int | None = None


Fields = dict[str, bytes | None]


def in_contract(moment: datetime) -> str | None:
    """Write a moment in UTC, as the contract wants it; None outside the years that it takes."""
    try:
        return rfc3339(moment) if YEAR_FIRST <= moment.astimezone(UTC).year <= YEAR_LAST else None
    except (OverflowError, ValueError):
        return None


def counted(fields: Fields) -> datetime | None:
    """Return the moment of a stamp that counts from 1970; None for one of another kind."""
    fraction = ((fields.get("f") or b"") + b"000000")[:6]
    if epoch := fields.get("epoch"):
        return EPOCH + timedelta(seconds=int(epoch), microseconds=int(fraction))
    for name, per_microsecond in (("epoch_ms", 0), ("epoch_us", 1), ("epoch_ns", 1000)):
        if count := fields.get(name):
            return EPOCH + timedelta(
                microseconds=int(count) // per_microsecond if per_microsecond else int(count) * 1000
            )
    if text := fields.get("scientific"):
        return EPOCH + timedelta(microseconds=int(float(text) * 1_000_000))
    if label := fields.get("tai"):
        seconds = int(label, 16) - 2**62 - _TAI_LEAP_SECONDS
        return EPOCH + timedelta(seconds=seconds, microseconds=int(fields["tai_ns"] or b"0", 16) // 1000)
    return None


def day_of(fields: Fields, order: str) -> Day:
    """Return the day; `order` says which of three numbers is what, as "dmy". Raises ValueError."""
    weekday = WEEKDAYS.get((fields.get("wday") or b"").lower())
    if week := fields.get("week"):
        found = date.fromisocalendar(int(fields["y"] or 0), int(week), int(fields["weekday"] or 1))
        return Day(found.year, found.month, found.day)
    if fields.get("a") is not None:
        parts = dict(zip(order, (int(fields[name] or 0) for name in "abc"), strict=True))
        year = parts["y"] if parts["y"] >= 100 else 2000 + parts["y"]
        return Day(year, parts["m"], parts["d"])
    mon, year_text, short = fields.get("mon"), fields.get("y"), fields.get("yy")
    month = MONTHS[mon.lower()] if mon else int(fields["mo"] or 0)
    written = int(year_text) if year_text else 2000 + int(short) if short else None
    return Day(written, month, int(fields["d"] or 0), weekday)


def local_of(day: Day, year: int, fields: Fields) -> datetime:
    """Return day and clock, without a zone. Raises ValueError for 30 February and 25 o'clock."""
    hour = int(fields.get("h") or 0)
    if half := fields.get("half"):
        if not 1 <= hour <= 12:
            half = b""
        hour = hour % 12 + 12 if half[:1].lower() in (b"p", b"n") else hour % 12 if half else hour
    microsecond = int(((fields.get("f") or b"") + b"000000")[:6]) + int(fields.get("ms") or 0) * 1000
    second = min(int(fields.get("s") or 0), 59)  # a leap second has no place in datetime
    return datetime(year, day.month, day.day, hour, int(fields.get("mi") or 0), second, microsecond)


def latest_year(day: Day, newest: date) -> int | None:
    """Return the latest year in which there is such a day (and weekday), and not after the newest."""
    for year in range(newest.year, newest.year - YEAR_BACK_MAX, -1):
        try:
            found = date(year, day.month, day.day)
        except ValueError:
            continue
        if found <= newest and day.weekday in (None, found.weekday()):
            return year
    return None


def at_zone(local: datetime, fields: Fields, given: tzinfo, last: datetime | None) -> datetime:
    """Put a local time into its zone; in the hour that comes twice, by the order of the records.

    Raises SeveralMeanings for an abbreviation that means several zones.
    """
    if minutes := fields.get("minutes"):
        return local.replace(tzinfo=timezone(timedelta(minutes=int(minutes))))
    text = (fields.get("zone") or b"").decode()
    if text and is_zone(text):
        return local.replace(tzinfo=zone_of(text, local, given))
    first = local.replace(tzinfo=given)
    second = first.replace(fold=1)
    if last is None or first.utcoffset() == second.utcoffset():
        return first
    went_back = first.astimezone(UTC) < last - timedelta(minutes=1)
    return second if went_back and second.astimezone(UTC) >= first.astimezone(UTC) else first
