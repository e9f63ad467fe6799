"""What a file was called when it was written: its name without folder, compression and rotation. Pure.

The name gives topic and source to a file that was never seen before, and tells which files beside it came
about by rotation. Whether two files are the same is decided by content, never by a name.
"""

import os
import re
from pathlib import Path

STDIN = "-"
NAME_BYTES_MAX = 200
_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst|zstd|lz4|z|Z)$")
_YEAR, _MONTH, _MONTHDAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = rf"(?:{_YEAR}[-_.]?{_MONTH}[-_.]?{_MONTHDAY}|\d\d-\d\d-{_YEAR}|{_YEAR}[-_.]W?\d\d)"
_CLOCK = r"(?:[-_.T]?\d\d(?:[-_.:h]?\d\d(?:[-_.:m]?\d\d(?:[.,]\d{1,9})?)?)?Z?)?"
_NUMBER = r"(?:[-_.](?:\d{1,5}|1\d{9}(?:\d{3})?))?"  # of the day, or seconds since 1970
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:day|sday|nesday|rsday|urday)?"
# What rotation puts behind the name, one way a line; taken off as long as one of them fits.
_BEHIND = (
    r"[.-]\d{1,4}",  # logrotate, log4j: app.log.1
    rf"[-_.]{_DATE}{_CLOCK}{_NUMBER}",  # dateext, Python, cronolog
    r"[-_.]1\d{9}(?:\d{3})?",  # dateformat %s
    r"\.(?i:old|bak|backup|orig|prev|previous|last|save|saved|rotated|archive|tmp)",
    r"~",
    rf"[-_.](?i:{_DAY})",
    r"\.@[0-9a-f]{24}\.[su]",  # multilog
)
# What it puts between the name and its suffix.
_BETWEEN = (
    r"\.\d{1,4}",
    rf"[-_.]?{_DATE}{_CLOCK}{_NUMBER}",
    r"[-_.]1\d{9}(?:\d{3})?",
    r"[-_.](?i:old|bak|backup|prev|previous|archive)",
    rf"[-_.](?i:{_DAY})",
)
_SUFFIX = r"(?P<suffix>\.[A-Za-z][A-Za-z0-9]{0,9})"
_ROTATED = (
    *(re.compile(rf"^(?P<name>.*[^\d]){behind}$") for behind in _BEHIND),
    *(re.compile(rf"^(?P<name>.*[^\d]|){between}{_SUFFIX}$") for between in _BETWEEN),
)


def canonical_name(path: str) -> str:
    """Return the file's name when it was written."""
    if path == STDIN:
        return "stdin"
    name = os.fsencode(Path(path).name).decode("utf-8", "replace")
    name = _COMPRESSED.sub("", name) or name
    while (shorter := _without_rotation(name)) is not None:
        name = shorter
    return (
        "".join(c if c.isprintable() else "?" for c in name)
        .encode()[:NAME_BYTES_MAX]
        .decode("utf-8", "ignore")
    )


def is_family(path: str, other: str) -> bool:
    """Tell whether a name may be one that rotation made of a path's."""
    name = canonical_name(path)
    return canonical_name(other) == name or Path(other).name.startswith(name.partition(".")[0] or name)


def _without_rotation(name: str) -> str | None:
    for pattern in _ROTATED:
        match = pattern.match(name)
        if match is not None and (bare := match["name"].rstrip("-_.")):
            return bare + (match.groupdict().get("suffix") or "")
    return None


def default_topic(name: str) -> str:
    """Return `log.apache.line` for `Apache.log`."""
    stem = re.sub(r"\.(log|txt|out|err|ndjson|jsonl|json|csv)$", "", name, flags=re.IGNORECASE)
    return f"log.{re.sub(r'[^a-z0-9_]+', '-', stem.lower()).strip('-') or 'file'}.line"
