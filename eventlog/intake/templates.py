"""Texts made of what came: `github.{header.x-github-event}`, `{body.data.id}`."""

import re
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Raw

from eventlog.intake.fields import timestamp_flaw

# A text, and the name whose value follows it, or nothing.
Parts = list[tuple[str, str]]
# Seconds of the epoch, until 2286; milliseconds, micro- and nanoseconds.
_SECONDS = re.compile(r"\d{9,10}(\.\d{1,9})?")
_FINER = {12: 1_000, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}

_object = msgspec.json.Decoder(dict[str, Raw]).decode
_value = msgspec.json.Decoder().decode


def parse_template(template: str) -> Parts:
    """Split a template into pairs of a text and a name; raises ValueError."""
    parts = list(string.Formatter().parse(template))
    if any(name == "" or form or conversion for _, name, form, conversion in parts):
        raise ValueError("between { and } stands the name of a field and nothing else")
    return [(literal, name or "") for literal, name, _, _ in parts]


def fill(parts: Parts, value_of: Callable[[str], str | None]) -> str | None:
    """Put the values in; None where one of them is missing or empty."""
    filled: list[str] = []
    for literal, name in parts:
        filled.append(literal)
        if name:
            value = value_of(name)
            if not value:
                return None
            filled.append(value)
    return "".join(filled)


def moment_of(said: str | None) -> str | None:
    """Return a time as a time stamp; None where it is none."""
    if said is None:
        return None
    if _SECONDS.fullmatch(said):
        return datetime.fromtimestamp(float(said), UTC).isoformat()
    if said.isascii() and said.isdigit() and len(said) in _FINER:
        seconds, rest = divmod(int(said), _FINER[len(said)])
        digits = len(str(_FINER[len(said)])) - 1
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:0{digits}}Z"
    return None if timestamp_flaw(said) else said


class ReceivedValues:
    """What templates name; notes which headers they used, since those are kept."""

    def __init__(self, headers: Mapping[bytes, bytes], payload: bytes) -> None:
        """`payload` is the text of an object."""
        self._headers = headers
        self._payload = payload
        self.used: dict[str, str] = {}

    def value_of(self, name: str) -> str | None:
        """Return the text of `header.NAME` or `body.PATH`; None where there is none."""
        where, _, rest = name.partition(".")
        if where == "header":
            value = self._headers.get(rest.lower().encode(), b"").decode("latin-1").strip()
            if value:
                self.used[rest.lower()] = value
            return value or None
        return _text_at(self._payload, rest.split(".")) if where == "body" else None


def _text_at(text: bytes, path: list[str]) -> str | None:
    """Return the text, the number or the truth value at a path within an object."""
    for key in path:
        if not text.startswith(b"{"):
            return None
        found = _object(text).get(key)
        if found is None:
            return None
        text = bytes(found)
    if text.startswith(b'"'):
        return str(_value(text))
    return text.decode() if text[:1] in b"-0123456789tf" else None
