"""Names of zones in stamps. Data, held against the system's own table of zones by a test."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# Hours, or hours.minutes, east of Greenwich.
_HOURS = (
    "UTC 0 GMT 0 WET 0 WEST 1 CET 1 CEST 2 MEZ 1 MESZ 2 EET 2 EEST 3 MSK 3 MSD 4 TRT 3 "
    "WAT 1 CAT 2 SAST 2 EAT 3 "
    "EST -5 EDT -4 CDT -5 MST -7 MDT -6 PST -8 PDT -7 AKST -9 AKDT -8 HST -10 HDT -9 "
    "ADT -3 NST -3.30 NDT -2.30 "
    "BRT -3 BRST -2 ART -3 CLT -4 CLST -3 COT -5 PET -5 VET -4 UYT -3 PYT -4 BOT -4 "
    "JST 9 KST 9 HKT 8 SGT 8 MYT 8 PHT 8 WIB 7 WITA 8 WIT 9 ICT 7 PKT 5 NPT 5.45 MMT 6.30 BTT 6 UZT 5 IDT 3 "
    "YEKT 5 OMST 6 KRAT 7 NOVT 7 IRKT 8 YAKT 9 VLAT 10 MAGT 11 PETT 12 SAMT 4 "
    "AWST 8 ACST 9.30 ACDT 10.30 AEST 10 AEDT 11 NZST 12 NZDT 13"
)
# These mean several, each of them in use by many: only a zone that is given settles them.
SEVERAL = frozenset(["BST", "CST", "IST", "AST", "AMT", "GST", "SST", "ECT", "LHST", "WST", "BDT"])
_WORDS = _HOURS.split()
ABBREVIATIONS = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


class SeveralMeanings(ValueError):
    """The abbreviation means several zones."""


def is_zone(text: str) -> bool:
    """Tell whether a word behind a clock is a zone: INFO and LOG are none."""
    return not text.isalpha() or text in ABBREVIATIONS or text in SEVERAL or text in ("Z", "UTC", "GMT")


def zone_of(text: str, local: datetime, given: tzinfo) -> tzinfo:
    """Return the zone of a stamp; raises SeveralMeanings. The given zone knows its own abbreviations."""
    for fold in (0, 1):
        own = local.replace(tzinfo=given, fold=fold)
        if own.tzname() == text and (offset := own.utcoffset()) is not None:
            return timezone(offset)
    if text in SEVERAL:
        raise SeveralMeanings(text)
    return _fixed(text)


@lru_cache(maxsize=512)
def _fixed(text: str) -> tzinfo:
    if text in ("Z", "z", "UTC", "GMT"):
        return UTC
    if text in ABBREVIATIONS:
        hours, _, minutes = ABBREVIATIONS[text].partition(".")
        sign = -1 if hours.startswith("-") else 1
        return timezone(timedelta(hours=int(hours), minutes=sign * int(minutes or 0)))
    match = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", text)
    if match:
        size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-size if match[1] == "-" else size)
    try:
        return ZoneInfo(text)
    except (LookupError, OSError):
        raise ValueError(f"no zone {text!r}") from None
