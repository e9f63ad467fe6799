"""Body → events: the fast way for bodies that are all good; any doubt goes to `examine`.

A batch is checked in columns, because a hundred calls into C for one field each cost more than one for all
of them. No check here explains anything: what it does not clear, `examine` looks at event by event, exactly.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Raw

from eventlog.errors import Refused
from eventlog.events import Content, Event
from eventlog.intake import fields
from eventlog.intake.examine import examine, repeats_key
from eventlog.intake.forms import split, split_lines
from eventlog.intake.limits import Intake, Limits
from eventlog.intake.text import WHITE_SPACE, encoding_flaw, is_harmless


class _Own(msgspec.Struct, gc=False):
    """An event's own fields. Others may stand beside them."""

    topic: str
    event_id: str
    timestamp: str
    source: str
    payload: Raw


class _Read(msgspec.Struct):
    """A body that has the right types. `text` holds the events; `events` are slices of it."""

    text: bytes
    own: list[_Own]
    events: list[bytes]


_decode_own = msgspec.json.Decoder(_Own).decode
_decode_all_own = msgspec.json.Decoder(list[_Own]).decode
_decode_all_raw = msgspec.json.Decoder(list[Raw]).decode


def parse(body: bytes, *, ndjson: bool, limits: Limits, lenient: bool = False) -> Intake:
    """Return the events of a body; raises Refused, and nothing else.

    Strictly, the first kind of fault that a body has refuses all of it: a limit, then what is malformed,
    then what is invalid. Leniently, events with faults go to `rejected`, unless no event is good.
    """
    _require_text(body, limits)
    try:
        read = _read_lines(body, limits) if ndjson else _read(body)
    except (msgspec.DecodeError, RecursionError):
        read = None
    events = _accept(read, limits) if read else None
    if events:
        return Intake(events, [])
    sent = split_lines(body, limits) if ndjson else split(body, limits)
    return examine(sent, limits, lenient=lenient)


def _require_text(body: bytes, limits: Limits) -> None:
    if len(body) > limits.body_bytes:
        raise Refused("too_large", "body_too_large", f"a body has at most {limits.body_bytes} bytes")
    if flaw := encoding_flaw(body):
        raise Refused("malformed", flaw.code, flaw.detail)
    if not body or (body.isspace() and not body.strip(WHITE_SPACE)):
        raise Refused("malformed", "empty_body", "the body is empty")


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


def _read_lines(body: bytes, limits: Limits) -> _Read | None:
    if body.count(b"\n") > limits.batch_events:
        return None
    lines = [line for line in (line.strip(WHITE_SPACE) for line in body.split(b"\n")) if line]
    text = b"[" + b",".join(lines) + b"]"
    read = _Read(text, _decode_all_own(text), list(map(bytes, _decode_all_raw(text))))
    # What was joined could be taken apart elsewhere than between the lines.
    return read if read.events == lines else None


def _accept(read: _Read, limits: Limits) -> list[Event] | None:
    """Return the events if all of them are certainly good."""
    own, events = read.own, read.events
    if len(events) == 1:
        good = _is_good(own[0], events[0], limits)
        return [_event(own[0], events[0], datetime.fromisoformat(own[0].timestamp.upper()))] if good else None
    if not 0 < len(events) <= limits.batch_events:
        return None
    longest = max(map(len, events))
    if longest > limits.event_bytes or not is_harmless(read.text, events, longest, limits.depth):
        return None
    topics = [event.topic for event in own]
    event_ids = [event.event_id for event in own]
    if (
        fields.are_names(topics, fields.topic_flaw)
        and fields.are_event_ids(event_ids)
        and (instants := fields.instants_of([event.timestamp for event in own]))
        and fields.are_names([event.source for event in own], fields.source_flaw)
        and {bytes(event.payload)[0] for event in own} == _BRACE
        and not _repeat_keys(own, events)
    ):
        return list(map(_event, own, events, instants))
    return None


def _event(own: _Own, raw: bytes, instant: datetime) -> Event:
    return Event(own.topic, own.event_id, raw, Content(instant, own.source, own.payload))


def _is_good(own: _Own, event: bytes, limits: Limits) -> bool:
    """Say the same of one event, for which columns do not pay."""
    return (
        len(event) <= limits.event_bytes
        and is_harmless(event, (event,), len(event), limits.depth)
        and not fields.topic_flaw(own.topic)
        and not fields.event_id_flaw(own.event_id)
        and not fields.timestamp_flaw(own.timestamp)
        and not fields.source_flaw(own.source)
        and bytes(own.payload).startswith(b"{")
        and not _repeat_keys((own,), (event,))
    )


_BRACE = set(b"{")
# An event has at least these bytes beside its values …
_FRAME = len('{"topic":"","event_id":"","timestamp":"","source":"","payload":}')
# … and a key can only be repeated in at least so many more: "topic":1, or "":1,"":1, . The spaces that many
# encoders put behind colons and commas take one less, 9.
_REPEAT_BYTES = 10


def _repeat_keys(own: Sequence[_Own], events: Sequence[bytes]) -> bool:
    spare = _FRAME + _REPEAT_BYTES
    doubtful = [
        raw
        for e, raw in zip(own, events, strict=True)
        if len(raw) - len(e.topic) - len(e.event_id) - len(e.timestamp) - len(e.source) - len(e.payload)
        >= spare
    ]
    return bool(doubtful) and any(map(repeats_key, doubtful))
