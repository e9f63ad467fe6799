"""How spans of time are written on the command line: `90d`, `24h`, `30m`, `45s`."""

import re
from datetime import timedelta

from eventlog.errors import SettingsError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = re.compile(r"([0-9]{1,9})([dhms])")
SPAN_MAX = timedelta(days=36_500)


def read_span(text: str) -> timedelta:
    """Read a span of time. Raises SettingsError."""
    found = _SPAN.fullmatch(text)
    span = None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})
    if span is None or span > SPAN_MAX:
        raise SettingsError(f"{text!r} is no span of time: write 90d, 24h, 30m or 45s, at most 100 years")
    return span
