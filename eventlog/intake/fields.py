"""The rules of an event's own fields.

Each rule exists once for one value (`…_flaw`, which says what is wrong) and, where it pays, once for the
column of a batch (`are_…`, which only says that nothing is).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import add, itemgetter

from eventlog.bounded_cache import BoundedCache

BYTES_MAX = 255
# No character takes more than 4 bytes of UTF-8.
_CHARACTERS_SAFE = BYTES_MAX // 4

# What topics of our own begin with, such as $unparsed.
RESERVED = "$"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc


def _name_flaw(name: str) -> str | None:
    size = len(name) if name.isascii() else len(name.encode())
    if not 1 <= size <= BYTES_MAX:
        return f"has 1 to {BYTES_MAX} bytes of UTF-8, not {size}"
    if not name.isprintable() and _CONTROL.search(name):
        return "has no control characters"
    return None


# Topics and sources come again and again, so what was found is kept; the bound keeps a flood of new ones
# from growing the process (4,096 × 255 bytes are about 1 MB).
@lru_cache(maxsize=4_096)
def topic_flaw(topic: str) -> str | None:
    """Return the rule that a topic breaks."""
    if flaw := any_topic_flaw(topic):
        return flaw
    return "does not begin with $, which is reserved" if topic.startswith(RESERVED) else None


def any_topic_flaw(topic: str) -> str | None:
    """Return the rule that no topic may break, not one of ours either."""
    if flaw := _name_flaw(topic):
        return flaw
    if topic != topic.strip():
        return "has no white space at its ends"
    return "has no *" if "*" in topic else None


@lru_cache(maxsize=4_096)
def source_flaw(source: str) -> str | None:
    """Return the rule that a source breaks."""
    return _name_flaw(source)


event_id_flaw = _name_flaw


def are_event_ids(event_ids: Sequence[str], *, escaped: bool) -> bool:
    """Say whether all of them keep the rule. `escaped`: there may have been escapes in their text."""
    together = "".join(event_ids)
    if together.isascii():
        longest = BYTES_MAX
        # In JSON, all control characters of ASCII but DEL are written as escapes.
        printable = "\x7f" not in together and not escaped
    else:
        longest = _CHARACTERS_SAFE
        printable = False
    # No control character is printable; what is not, and legal, is rare.
    if (printable or together.isprintable()) and "" not in event_ids and max(map(len, event_ids)) <= longest:
        return True
    return not any(map(event_id_flaw, event_ids))


# RFC 3339, but for the calendar, which datetime checks. datetime alone would take far more: other
# separators, weeks, no zone, and any number of digits. No possessive group here: before Python 3.11.5
# one that failed half way counted as matched (python/cpython#106052), so ".Z" passed for a fraction.
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
_REST = re.compile(r"(?:\.([0-9]+))?(?:[Zz]|([+-])(0[0-9]|1[0-5]):([0-5][0-9]))")
# The part of a time stamp up to the second.
_SECOND_LENGTH = len("2025-10-21T10:00:00")
_REST_LENGTH_MAX = BYTES_MAX - _SECOND_LENGTH
_MICROSECOND_DIGITS = 6
_TO_SECOND = itemgetter(slice(_SECOND_LENGTH))
_FROM_SECOND = itemgetter(slice(_SECOND_LENGTH, None))
_SECONDS_KEPT_MAX = 8_192
_RESTS_KEPT_MAX = 8_192
# PostgreSQL counts microseconds from here.
_EPOCH = datetime(2000, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime(1970, 1, 1) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999_999) - _EPOCH) // _MICROSECOND


class _NoTimestamp(Exception):
    """A part of a time stamp breaks the rule, and why."""


def _microseconds_to_second(text: str) -> int:
    """Return the microseconds from 2000 to a second, taken as UTC."""
    if not _SECOND.fullmatch(text):
        raise _NoTimestamp(_FORM)
    try:
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND
    except ValueError:
        raise _NoTimestamp("must be a day that exists in the calendar") from None


def _microseconds_of_rest(text: str) -> int:
    """Return the microseconds of what follows the second: a fraction, cut, less the zone's offset."""
    match = _REST.fullmatch(text)
    if match is None or len(text) > _REST_LENGTH_MAX:
        raise _NoTimestamp(_FORM)
    fraction, sign, hours, minutes = match.groups()
    microseconds = int(f"{fraction:0<6}"[:_MICROSECOND_DIGITS]) if fraction else 0
    if sign is None:
        return microseconds
    offset = (int(hours) * 60 + int(minutes)) * 60_000_000
    return microseconds + offset if sign == "-" else microseconds - offset


_FORM = (
    "is RFC 3339 with a zone: date, T, time to the second, any fraction of it, "
    f"then Z or an offset of at most 15:59; {BYTES_MAX} bytes in all"
)
# Within a batch most seconds are the same, and milliseconds are but a thousand.
_seconds = BoundedCache(_microseconds_to_second, _SECONDS_KEPT_MAX)
_rests = BoundedCache(_microseconds_of_rest, _RESTS_KEPT_MAX)


def _moments(timestamps: Sequence[str]) -> list[int]:
    seconds = map(_seconds.__getitem__, map(_TO_SECOND, timestamps))
    return list(map(add, seconds, map(_rests.__getitem__, map(_FROM_SECOND, timestamps))))


def moments_of(timestamps: Sequence[str]) -> list[int] | None:
    """Return the moments of a column, in microseconds from 2000; None when one of them breaks the rule."""
    try:
        moments = _moments(timestamps)
    except _NoTimestamp:
        return None
    return moments if min(moments) >= _EARLIEST and max(moments) <= _LATEST else None


def as_moment(timestamp: str) -> datetime:
    """Return the moment of a time stamp that keeps the rule; what is less than a microsecond is cut off."""
    [moment] = _moments([timestamp])
    return (_EPOCH + moment * _MICROSECOND).replace(tzinfo=UTC)


def timestamp_flaw(timestamp: str) -> str | None:
    """Return the rule that a time stamp breaks."""
    try:
        [moment] = _moments([timestamp])
    except _NoTimestamp as broken:
        return str(broken)
    if _EARLIEST <= moment <= _LATEST:
        return None
    return "lies in the years 1970 to 9999, after conversion to UTC"


STRING_FIELDS: dict[str, Callable[[str], str | None]] = {
    "topic": topic_flaw,
    "event_id": event_id_flaw,
    "timestamp": timestamp_flaw,
    "source": source_flaw,
}
FIELDS = (*STRING_FIELDS, "payload")


def are_names(names: Iterable[str], flaw: Callable[[str], str | None]) -> bool:
    """Say whether all of these, of which many are equal, keep a rule."""
    return not any(map(flaw, set(names)))
