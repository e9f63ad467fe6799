"""The rules of an event's own fields.

Each rule exists once for one value (`…_flaw`, which says what is wrong) and, where it pays, once for the
column of a batch (`are_…`, which only says that nothing is).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

BYTES_MAX = 255
# No character takes more than 4 bytes of UTF-8.
_CHARACTERS_SAFE = BYTES_MAX // 4

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
    if flaw := _name_flaw(topic):
        return flaw
    if topic != topic.strip():
        return "has no white space at its ends"
    if "*" in topic:
        return "has no *"
    return "does not begin with $, which is reserved" if topic.startswith("$") else None


@lru_cache(maxsize=4_096)
def source_flaw(source: str) -> str | None:
    """Return the rule that a source breaks."""
    return _name_flaw(source)


event_id_flaw = _name_flaw


def are_event_ids(event_ids: Sequence[str]) -> bool:
    """Say whether all of them keep the rule."""
    together = "".join(event_ids)
    longest = BYTES_MAX if together.isascii() else _CHARACTERS_SAFE
    # No control character is printable; what is not, and legal, is rare.
    if together.isprintable() and "" not in event_ids and len(max(event_ids, key=len)) <= longest:
        return True
    return not any(map(event_id_flaw, event_ids))


# RFC 3339, but for the calendar, which datetime checks. datetime alone would take far more: other
# separators, weeks, no zone, and any number of digits. No possessive group here: before Python 3.11.5
# one that failed half way counted as matched (python/cpython#106052), so ".Z" passed for a fraction.
_SHAPE = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,6})?(?:[Zz]|[+-](?:0[0-9]|1[0-5]):[0-5][0-9])"
)
_TIMESTAMP = re.compile(_SHAPE)
_TIMESTAMPS = re.compile(f"(?:{_SHAPE}\n)+")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def instants_of(timestamps: Sequence[str]) -> list[datetime] | None:
    """Return the instants of a column; None when one of them breaks the rule."""
    lines = "\n".join(timestamps) + "\n"
    # The count of lines gives away a newline within a time stamp.
    if not _TIMESTAMPS.fullmatch(lines) or lines.count("\n") != len(timestamps):
        return None
    try:
        instants = list(map(datetime.fromisoformat, lines.upper().split()))
    except ValueError:
        return None
    return instants if min(instants) >= _EARLIEST and max(instants) <= _LATEST else None


def timestamp_flaw(timestamp: str) -> str | None:
    """Return the rule that a time stamp breaks."""
    if not _TIMESTAMP.fullmatch(timestamp):
        return (
            "is RFC 3339 with a zone: date, T, time to the second with at most 6 digits of a fraction, "
            "then Z or an offset of at most 15:59"
        )
    try:
        instant = datetime.fromisoformat(timestamp.upper())
    except ValueError:
        return "is a day that exists"
    if _EARLIEST <= instant <= _LATEST:
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
