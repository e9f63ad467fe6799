"""--time-format: the directives of strptime, wherever in a line they match. Pure."""

import re

from eventlog.errors import SettingsError
from publisher.ship.times.formats import MONTHS, WEEKDAYS
from publisher.ship.times.layout import CUSTOM, Layout, compiled

_MON = "|".join(sorted((name.decode() for name in MONTHS), key=len, reverse=True))
_DAY = "|".join(sorted((name.decode() for name in WEEKDAYS), key=len, reverse=True))
_DIRECTIVES = {
    "Y": r"(?P<y>\d{4})",
    "y": r"(?P<yy>\d\d)",
    "m": r"(?P<mo>\d{1,2})",
    "d": r"(?P<d>[ \d]?\d)",
    "e": r"(?P<d>[ \d]?\d)",
    "b": rf"(?P<mon>(?i:{_MON}))\.?",
    "B": rf"(?P<mon>(?i:{_MON}))",
    "a": rf"(?P<wday>(?i:{_DAY}))\.?",
    "A": rf"(?P<wday>(?i:{_DAY}))",
    "H": r"(?P<h>\d{1,2})",
    "I": r"(?P<h>\d{1,2})",
    "p": r"(?P<half>(?i:[ap]\.?m\.?))",
    "M": r"(?P<mi>\d{1,2})",
    "S": r"(?P<s>\d{1,2})",
    "f": r"(?P<f>\d{1,12})",
    "z": r"(?P<zone>Z|[+-]\d\d:?\d\d|[+-]\d\d)",
    "Z": r"(?P<zone>[A-Z]{1,5}|[A-Z][a-z]+/[A-Za-z_/]+)",
    "s": r"(?P<epoch>\d{9,10})",
    "%": "%",
}
_SHORT = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}


def custom_layout(text: str) -> Layout:
    """Return the layout of a --time-format; raises SettingsError, saying what it takes."""
    for letter, meaning in _SHORT.items():
        text = text.replace(f"%{letter}", meaning)
    parts = re.split(r"(%.?)", text)
    unknown = [part for part in parts[1::2] if part[1:] not in _DIRECTIVES]
    if unknown:
        known = " ".join(f"%{letter}" for letter in (*_DIRECTIVES, *_SHORT))
        raise SettingsError(f"--time-format: {unknown[0]!r} is none of {known}")
    pattern = "".join(_DIRECTIVES[part[1:]] if part.startswith("%") else re.escape(part) for part in parts)
    needed = {"d", "mo", "mon", "epoch"} & set(re.findall(r"\?P<(\w+)>", pattern))
    if "epoch" not in needed and len(needed) < 2:
        raise SettingsError(f"--time-format: {text!r} says no day and month (%d, %m or %b; or %s)")
    layout = Layout(CUSTOM, CUSTOM, pattern=pattern)
    try:
        compiled(layout)
    except re.error as error:
        raise SettingsError(f"--time-format: {text!r}: {error}") from None
    return layout
