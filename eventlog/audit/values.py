r"""Values as PostgreSQL writes them, turned into JSON that says the same.

JSON's numbers are what a reader's double precision can hold: whatever it cannot hold exactly (a bigint
beyond 2^53, a numeric of many digits, NaN, Infinity) stays text. Moments are RFC 3339. json and jsonb
are the very text, and a string of it where that would keep readers from all of the answer: nested too deep,
numbers beyond all bounds, half a surrogate. All else, bytea with its `\x` too, is the text as PostgreSQL
writes it.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from eventlog.intake.text import depth_of

EXACT_INTEGER_MAX = 1 << 53
# Parsers of several languages stop at some hundred levels; a payload has 64 at the most.
JSON_DEPTH_MAX = 100
# The largest whole number that double precision holds without loss.
EXACT_DIGITS_MAX = 15
PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?")


def _integer(text: str) -> Any:
    number = int(text)
    return number if abs(number) <= EXACT_INTEGER_MAX else text


def _decimal(text: str) -> Any:
    if PLAIN_NUMBER.fullmatch(text) is None or len(Decimal(text).as_tuple().digits) > EXACT_DIGITS_MAX:
        return text
    return msgspec.Raw(text.encode())


def _double(text: str) -> Any:
    return text if text in ("NaN", "Infinity", "-Infinity") else msgspec.Raw(text.encode())


def _moment(text: str) -> Any:
    found = MOMENT.fullmatch(text)
    # BC, infinity and five-digit years have no RFC 3339.
    return text if found is None else f"{found[1]}T{found[2]}{'Z' if found[3] else ''}"


def _json(text: str) -> Any:
    raw = text.encode()
    if text.count("[") + text.count("{") > JSON_DEPTH_MAX and depth_of(raw) > JSON_DEPTH_MAX:
        return text
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return text
    return msgspec.Raw(raw)


READ: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text == "t",
    "int2": _integer,
    "int4": _integer,
    "int8": _integer,
    "oid": _integer,
    "numeric": _decimal,
    "float4": _double,
    "float8": _double,
    "timestamptz": _moment,
    "timestamp": _moment,
    "json": _json,
    "jsonb": _json,
}
NUMBERS = frozenset({"int2", "int4", "int8", "oid", "numeric", "float4", "float8"})
# Types whose text cannot be a formula.
NEVER_FORMULAS = NUMBERS | {
    *("bool", "date", "interval", "money", "time", "timestamp", "timestamptz", "timetz", "uuid"),
}


def readers(types: list[str]) -> list[Callable[[str], Any]]:
    """Return for each column what turns its text into a value for JSON."""
    return [READ.get(name, str) for name in types]
