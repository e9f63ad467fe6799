"""Times that are the value of a field: in JSON lines, and where --time-field points. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

import msgspec

from publisher.ship.times.formats import FORMATS
from publisher.ship.times.moments import EPOCH, at_zone, counted, day_of, in_contract, local_of

# Where JSON logs keep their time, in the order in which they are looked for.
TIME_FIELDS = [
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "@t",
    "t",
    "datetime",
    "eventTime",
    "event_time",
    "instant",
    "timeMillis",
    "timeUnixNano",
    "requestReceivedTimestamp",
    "stageTimestamp",
    "observedTimeUnixNano",
    "TimeGenerated",
    "TimeCreated",
    "eventTimestamp",
    "event_timestamp",
    "asctime",
    "created_at",
    "createdAt",
    "time_iso8601",
    "time_local",
    "msec",
    "StartUTC",
    "StartLocal",
    "start_time",
    "startTime",
    "logTime",
    "log_time",
    "published",
    "EventTime",
    "SystemTime",
    "__REALTIME_TIMESTAMP",
    "_SOURCE_REALTIME_TIMESTAMP",
    "receivedAt",
    "date",
]
_PATTERNS = [re.compile(it.pattern.encode()) for it in FORMATS if "(?P<y" in it.pattern]
# 10^8 seconds were over in 1973: what is smaller counts something else.
_SECONDS_MIN = 10**8
_any = msgspec.json.Decoder().decode


def time_in(document: Mapping[str, msgspec.Raw], zone: tzinfo) -> str | None:
    """Return the time of a JSON log line, from the first well-known field that holds one."""
    for name in TIME_FIELDS:
        raw = document.get(name)
        if raw is None:
            continue
        value = _any(raw)
        if name in ("time", "date") and "date" in document and "time" in document:
            day = _any(document["date"])
            value = f"{day} {_any(document['time'])}" if isinstance(day, str) and len(day) <= 12 else value
        if (text := read_time(value, zone)) is not None:
            return text
    return None


def read_time(value: object, zone: tzinfo) -> str | None:
    """Read a field that is a time: text in any of the formats with a year, or seconds or finer since 1970."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _read_epoch(Decimal(str(value)) if isinstance(value, float) else Decimal(value))
    if isinstance(value, dict):
        return _read_object(value, zone)
    if not isinstance(value, str) or len(value) > 100:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,19}(\.\d{1,9})?", text, re.ASCII) and not re.fullmatch(
        r"(19|20)\d{12}(\d{3})?", text
    ):
        return _read_epoch(Decimal(text))
    try:
        moment = datetime.fromisoformat(text)
        return in_contract(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return _read_stamp(text.encode("utf-8", "replace"), zone)


def _read_stamp(text: bytes, zone: tzinfo) -> str | None:
    for pattern in _PATTERNS:
        match = pattern.match(text)
        if match is None:
            continue
        fields = match.groupdict()
        try:
            day = day_of(fields, "dmy")
            local = local_of(day, day.year or 0, fields)
            return in_contract(counted(fields) or at_zone(local, fields, zone, None))
        except (ValueError, OverflowError):
            return None
    return None


def _read_object(value: dict[str, object], zone: tzinfo) -> str | None:
    """Read {"$date": …}, log4j's {"epochSecond", "nanoOfSecond"} and protobuf's {"seconds", "nanos"}."""
    if "$date" in value:
        inner = value["$date"]
        return read_time(inner.get("$numberLong") if isinstance(inner, dict) else inner, zone)
    for whole, part in (("epochSecond", "nanoOfSecond"), ("seconds", "nanos")):
        seconds, nanos = value.get(whole), value.get(part, 0)
        if isinstance(seconds, int) and isinstance(nanos, int):
            return _read_epoch(Decimal(seconds) + Decimal(nanos) / 10**9)
    return None


def _read_epoch(value: Decimal) -> str | None:
    if not value.is_finite() or value < _SECONDS_MIN:
        return None
    unit = next((unit for unit in (10**9, 10**6, 10**3) if value >= _SECONDS_MIN * unit), 1)
    try:
        return in_contract(EPOCH + timedelta(microseconds=int(value * 10**6 / unit)))
    except (ValueError, OverflowError, InvalidOperation):
        return None
