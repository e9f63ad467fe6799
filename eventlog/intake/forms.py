"""The forms of a body: one event, an array, {"events": […]}, a line for each. Exact, for bodies in doubt.

An object with "events" and no "topic" is the envelope, and has no other member, so that nothing that a
publisher meant for its events is silently ignored. Any other object is one event.
"""

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from eventlog.errors import Refused
from eventlog.events import Fault
from eventlog.intake.limits import PublishLimits
from eventlog.intake.text import (
    WHITE_SPACE,
    Flaw,
    encoding_flaw,
    flaw,
    has_more_elements,
    without_lone_surrogates,
)


class ParsedBody(msgspec.Struct):
    """A body in parts. `malformed` are the lines that are no JSON; `base` leads to an event by its index."""

    events: list[bytes]
    indexes: Sequence[int]
    base: str | None
    malformed: list[Fault]

    def pointer(self, index: int) -> str:
        """Return the JSON Pointer of an event."""
        return "" if self.base is None else f"{self.base}/{index}"


class _Head(msgspec.Struct):
    events: Raw | UnsetType = UNSET
    topic: Raw | UnsetType = UNSET


_raw = msgspec.json.Decoder(Raw)
_raws = msgspec.json.Decoder(list[Raw])
_head = msgspec.json.Decoder(_Head)
_FIRST_KEY = re.compile(rb'\{[ \t\n\r]*+"(?:[^"\\]++|\\.)*+"[ \t\n\r]*+:[ \t\n\r]*+', re.DOTALL)
_PLACE = re.compile(r"\(byte (\d+)\)$")
# The envelope, and its array of events.
_ENVELOPE_DEPTH = 2


def split(body: bytes, limits: PublishLimits) -> ParsedBody:
    """Cut a JSON body into events; raises Refused if it is no JSON, or has no events or too many."""
    text = body.strip(WHITE_SPACE)
    # Escapes of lone surrogates would stop the parser; they are reported with the event they are in.
    legible = without_lone_surrogates(text)
    _require_json(legible, offset=len(body) - len(body.lstrip(WHITE_SPACE)))
    if text.startswith(b"["):
        return _elements(text, legible, "", limits)
    if text.startswith(b"{"):
        head = _head.decode(legible)
        if head.events is not UNSET and head.topic is UNSET:
            start, end = _events_array(text, legible, limits)
            return _elements(text[start:end], legible[start:end], "/events", limits)
    return ParsedBody([text], [0], None, [])


def _events_array(text: bytes, legible: bytes, limits: PublishLimits) -> tuple[int, int]:
    """Return where the array of an envelope lies."""
    key = _FIRST_KEY.match(legible)
    start = key.end() if key else 0
    value = legible[start:-1].rstrip(WHITE_SPACE)
    # What stands between the first key and the last brace is one value only if there is no other member.
    if _flaw(_raw, value) is not None:
        raise _no_envelope(
            text, limits, "", "invalid_envelope", "an envelope has one member, events: send no other"
        )
    if not value.startswith(b"["):
        raise _no_envelope(text, limits, "/events", "invalid_field", "events must be an array of events")
    return start, start + len(value)


def _no_envelope(text: bytes, limits: PublishLimits, pointer: str, code: str, detail: str) -> Refused:
    """Build the refusal of an envelope that is none; what is malformed anywhere in it comes first."""
    if found := flaw(text, limits.depth + _ENVELOPE_DEPTH):
        return Refused("malformed", found.code, found.detail)
    return Refused("invalid", code, detail, [Fault(None, pointer, code, detail)])


def _elements(text: bytes, legible: bytes, base: str, limits: PublishLimits) -> ParsedBody:
    if has_more_elements(legible, limits.batch_events):
        raise _too_many(limits)
    events = [bytes(event) for event in _raws.decode(legible)]
    if not events:
        raise Refused("malformed", "empty_batch", "the batch has no events")
    return ParsedBody(_as_sent(events, text, legible), range(len(events)), base, [])


def _as_sent(events: list[bytes], text: bytes, legible: bytes) -> list[bytes]:
    """Return the same slices of the text that was sent."""
    if text == legible:
        return events
    end = 1
    found = []
    for event in events:
        # Only white space and a comma lie between, with neither of which an event begins.
        start = legible.index(event, end)
        end = start + len(event)
        found.append(text[start:end])
    return found


def json_flaw(text: bytes, depth: int) -> Flaw | None:
    """Return why a text is no JSON, or none that can be stored, nested so deeply at most."""
    # Slices are not looked into by the parser: bytes that are no UTF-8 would pass.
    return encoding_flaw(text) or _flaw(_raw, without_lone_surrogates(text)) or flaw(text, depth)


def split_object(body: bytes) -> bytes:
    """Return the one JSON value that a body is; raises Refused of a body that is no JSON."""
    text = body.strip(WHITE_SPACE)
    if not text:
        raise Refused("malformed", "empty_body", "the body is empty: send an event, or several")
    if found := encoding_flaw(body):
        raise Refused("malformed", found.code, found.detail)
    _require_json(without_lone_surrogates(text), offset=len(body) - len(body.lstrip(WHITE_SPACE)))
    return text


def split_array(body: bytes, limits: PublishLimits) -> list[bytes]:
    """Return the elements of a body, of which there may be none; raises Refused of what is no array."""
    text = split_object(body)
    if not text.startswith(b"["):
        raise Refused("invalid", "invalid_envelope", "a batch is an array of events")
    if not text[1:-1].strip(WHITE_SPACE):
        return []
    return list(_elements(text, without_lone_surrogates(text), "", limits).events)


def split_lines(body: bytes, limits: PublishLimits) -> ParsedBody:
    """Cut NDJSON into events; blank lines count as lines, so that an index is a line's number."""
    sent = ParsedBody([], [], "", [])
    indexes: list[int] = []
    for number, line in enumerate(BytesIO(body)):
        text = line.strip(WHITE_SPACE)
        if not text:
            continue
        if len(indexes) + len(sent.malformed) == limits.batch_events:
            raise _too_many(limits)
        if flaw := _flaw(_raw, without_lone_surrogates(text)):
            sent.malformed.append(Fault(number, f"/{number}", flaw.code, flaw.detail))
        else:
            sent.events.append(text)
            indexes.append(number)
    sent.indexes = indexes
    return sent


def _too_many(limits: PublishLimits) -> Refused:
    detail = f"a batch has at most {limits.batch_events} events: send them in several"
    return Refused("too_large", "batch_too_large", detail)


def _require_json(text: bytes, offset: int) -> None:
    if flaw := _flaw(_raw, text, offset):
        raise Refused("malformed", flaw.code, flaw.detail)


def _flaw(decoder: msgspec.json.Decoder[Any], text: bytes, offset: int = 0) -> Flaw | None:
    """Return why a text is no JSON. The words are the parser's, which does not repeat the text."""
    try:
        decoder.decode(text)
    except RecursionError:
        return Flaw("too_deep", "arrays and objects nest deeper than can be read")
    except msgspec.DecodeError as error:
        words = str(error).removeprefix("JSON is malformed: ").removeprefix("Input data was ")
        return Flaw(
            "invalid_json", "no JSON: " + _PLACE.sub(lambda at: f"at byte {int(at[1]) + offset}", words)
        )
    return None
