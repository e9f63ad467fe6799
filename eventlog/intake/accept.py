"""Body → events: the fast way for bodies that are all good; any doubt goes to `examine`.

A batch is checked in columns, because a hundred calls into C for one field each cost more than one for all
of them. No check here explains anything: what it does not clear, `examine` looks at event by event, exactly.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from eventlog.errors import Refused
from eventlog.events import Contents, Events
from eventlog.intake import fields
from eventlog.intake.examine import examine, repeats_key
from eventlog.intake.forms import split, split_lines
from eventlog.intake.limits import Allowed, Intake, PublishLimits
from eventlog.intake.own import PublishedEvent
from eventlog.intake.text import WHITE_SPACE, encoding_flaw, escape_flaw, is_harmless


class _Read(msgspec.Struct):
    """A body that has the right types. `text` holds the events; `events` are slices of it."""

    text: bytes
    own: list[PublishedEvent]
    events: list[bytes]


_decode_own = msgspec.json.Decoder(PublishedEvent).decode
_decode_all_own = msgspec.json.Decoder(list[PublishedEvent]).decode
_decode_all_raw = msgspec.json.Decoder(list[Raw]).decode


def parse(body: bytes, *, ndjson: bool, limits: PublishLimits, lenient: bool = False) -> Intake:
    """Return the events of a body; raises Refused, and nothing else.

    Strictly, the first kind of fault that a body has refuses all of it: a limit, then what is malformed,
    then what is invalid. Leniently, events with faults go to `rejected`, unless no event is good.
    """
    _require_text(body, limits)
    events = _read_and_accept(body, limits, ndjson=ndjson)
    if events is not None:
        return Intake(events, [])
    sent = split_lines(body, limits) if ndjson else split(body, limits)
    return examine(sent, limits, lenient=lenient)


def accept(body: bytes, limits: PublishLimits, *, ndjson: bool = False) -> Events | None:
    """Return the events of a body if all of them are certainly good, and that is soon seen.

    None says that this does not know. Called in the event loop, where all other requests wait meanwhile.
    """
    if len(body) > limits.body_bytes or encoding_flaw(body):
        return None
    if len(body) > CLEARED_AT_ONCE_BYTES_MAX and body.count(b"{") > _OBJECTS_MAX * limits.batch_events:
        return None
    return _read_and_accept(body, limits, ndjson=ndjson, soon=True)


def _read_and_accept(
    body: bytes, limits: PublishLimits, *, ndjson: bool, soon: bool = False
) -> Events | None:
    try:
        read = _read_lines(body, limits) if ndjson else _read(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if read is None or (soon and _takes_long(read)):
        return None
    events = _accept(read, limits)
    if events is None or limits.allowed is None or _are_allowed(events, limits.allowed):
        return events
    return None


def _are_allowed(events: Events, allowed: Allowed) -> bool:
    return events.contents is not None and allowed.allows(events.topics, events.contents.sources)


def _require_text(body: bytes, limits: PublishLimits) -> None:
    if len(body) > limits.body_bytes:
        raise Refused("too_large", "body_too_large", f"a body has at most {limits.body_bytes} bytes")
    if flaw := encoding_flaw(body):
        raise Refused("malformed", flaw.code, flaw.detail)
    if not body or (body.isspace() and not body.strip(WHITE_SPACE)):
        raise Refused("malformed", "empty_body", "the body is empty: send an event, or several")


_ENVELOPE = re.compile(rb'\{[ \t\n\r]*+"events"[ \t\n\r]*+:(?=[ \t\n\r]*+\[)')


def _read(body: bytes) -> _Read | None:
    text = body.strip(WHITE_SPACE)
    if text.startswith(b"{"):
        envelope = _ENVELOPE.match(text)
        if envelope is None or not text.endswith(b"}"):
            return _Read(text, [_decode_own(text)], [text])
        # If what stands before the last brace is one array, then the envelope has no other member.
        text = text[envelope.end() : -1]
    return _Read(text, _decode_all_own(text), list(map(bytes, _decode_all_raw(text))))


def _read_lines(body: bytes, limits: PublishLimits) -> _Read | None:
    if body.count(b"\n") > limits.batch_events:
        return None
    lines = [line for line in (line.strip(WHITE_SPACE) for line in body.split(b"\n")) if line]
    text = b"[" + b",".join(lines) + b"]"
    read = _Read(text, _decode_all_own(text), list(map(bytes, _decode_all_raw(text))))
    # What was joined could be taken apart elsewhere than between the lines.
    return read if read.events == lines else None


def _accept(read: _Read, limits: PublishLimits) -> Events | None:
    """Return the events if all of them are certainly good."""
    own, raws = read.own, read.events
    if len(raws) == 1:
        return _accept_one(own[0], raws[0], limits)
    if not 0 < len(raws) <= limits.batch_events or max(map(len, raws)) > limits.event_bytes:
        return None
    escaped = b"\\" in read.text
    if escaped and _has_escape_flaw(read):
        return None
    found = _in_columns(own)
    if not (
        fields.are_names(found.topics, fields.topic_flaw)
        and fields.are_event_ids(found.event_ids, escaped=escaped)
        and fields.are_names(found.sources, fields.source_flaw)
        and {payload[0] for payload in found.payloads} == _BRACE
        and _is_harmless(found, raws, limits.depth)
    ):
        return None
    moments = fields.moments_of(found.timestamps)
    if moments is None:
        return None
    return Events(found.topics, found.event_ids, raws, Contents(moments, found.sources, found.payloads))


def _takes_long(read: _Read) -> bool:
    """Say whether a body has much besides what is expected, so that to clear it takes long."""
    if len(read.text) <= CLEARED_AT_ONCE_BYTES_MAX:
        return False
    payloads = sum(len(bytes(event.payload)) for event in read.own)
    return b"\\u" in read.text or len(read.text) - payloads > _BESIDE_PAYLOADS_MAX * len(read.own)


def _has_escape_flaw(read: _Read) -> bool:
    # A single search through megabytes would not let go of the interpreter.
    if len(read.text) <= CLEARED_AT_ONCE_BYTES_MAX:
        return escape_flaw(read.text) is not None
    return any(map(escape_flaw, read.events))


def _accept_one(own: PublishedEvent, raw: bytes, limits: PublishLimits) -> Events | None:
    """Do the same for one event, for which columns do not pay."""
    payload = bytes(own.payload)
    moments = fields.moments_of((own.timestamp,))
    values = len(own.topic) + len(own.event_id) + len(own.timestamp) + len(own.source) + len(payload)
    compact = len(raw) - values < _FRAME + _REPEAT_BYTES
    if (
        moments is not None
        and len(raw) <= limits.event_bytes
        and not (b"\\" in raw and escape_flaw(raw))
        and fields.topic_flaw(own.topic) is None
        and fields.event_id_flaw(own.event_id) is None
        and fields.source_flaw(own.source) is None
        and payload.startswith(b"{")
        and (compact or not repeats_key(raw))
        and (is_harmless((payload,), limits.depth - 1) if compact else is_harmless((raw,), limits.depth))
    ):
        return Events((own.topic,), (own.event_id,), (raw,), Contents(moments, (own.source,), (payload,)))
    return None


class _Columns(NamedTuple):
    topics: list[str]
    event_ids: list[str]
    timestamps: list[str]
    sources: list[str]
    payloads: list[bytes]


def _in_columns(own: Sequence[PublishedEvent]) -> _Columns:
    return _Columns(
        [event.topic for event in own],
        [event.event_id for event in own],
        [event.timestamp for event in own],
        [event.source for event in own],
        [bytes(event.payload) for event in own],
    )


# Of such a body, whatever is in it is looked through within some milliseconds.
CLEARED_AT_ONCE_BYTES_MAX = 1 << 19
# What an event's frame, its four short fields and a few more of its publisher's may come to.
_BESIDE_PAYLOADS_MAX = 1 << 10
# The objects of one event: the event and its payload. A body with more may hold too many events as well.
_OBJECTS_MAX = 4
_BRACE = set(b"{")
# An event has at least these bytes beside its values …
_FRAME = len('{"topic":"","event_id":"","timestamp":"","source":"","payload":}')
# … and a repeated key takes at least this many more: "topic":1, or "":1,"":1, . The spaces that many
# encoders put behind colons and commas take one less, 9. Nor does a number with 5 digits of exponent fit in.
_REPEAT_BYTES = 10


def _is_harmless(found: _Columns, raws: Sequence[bytes], depth: int) -> bool:
    """Say that no key is repeated among an event's own, no number too large, and nothing too deep."""
    if _spare_bytes(found, raws) < _REPEAT_BYTES:
        return is_harmless(found.payloads, depth - 1)
    doubtful = [
        raw
        for raw, *values in zip(raws, *found, strict=True)
        if len(raw) - sum(map(len, values)) >= _FRAME + _REPEAT_BYTES
    ]
    if not doubtful:
        return is_harmless(found.payloads, depth - 1)
    return not any(map(repeats_key, doubtful)) and is_harmless(raws, depth)


def _spare_bytes(found: _Columns, raws: Sequence[bytes]) -> int:
    """Return how many bytes the events have, all together, beside their frames and values."""
    values = sum(len("".join(column)) for column in found[:-1]) + sum(map(len, found.payloads))
    return sum(map(len, raws)) - values - len(raws) * _FRAME
