"""A batch of CloudEvents → events, the fast way: those that are all good, with known attributes alone.

Any doubt goes to eventlog/intake/cloudevents.py, which comes to the same, event by event.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from eventlog.events import CLOUDEVENT, Contents, Events
from eventlog.intake.examine import repeats_key
from eventlog.intake.fields import are_event_ids, are_names, moments_of, source_flaw, topic_flaw
from eventlog.intake.limits import PublishLimits
from eventlog.intake.text import WHITE_SPACE, encoding_flaw, escape_flaw, is_harmless

_EMPTY = Raw(b"{}")
_DATA = b',"data":{}}'


class _PlainCloudEvent(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str | UnsetType = UNSET
    dataschema: str | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    data: Raw = msgspec.field(default_factory=Raw)


_plain = msgspec.json.Decoder(list[_PlainCloudEvent]).decode
_raws = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.Encoder().encode


def read_plain_batch(body: bytes, limits: PublishLimits) -> Events | None:
    """Return the events of a batch if all of them are certainly good and plain; None tells nothing."""
    text = body.strip(WHITE_SPACE)
    if not text.startswith(b"[") or encoding_flaw(text) or (b"\\" in text and escape_flaw(text)):
        return None
    try:
        events = _plain(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    raws = list(map(bytes, _raws(text)))
    payloads = [bytes(event.data) for event in events]
    if not 0 < len(raws) <= limits.batch_events or max(map(len, raws)) > limits.event_bytes:
        return None
    if {payload[:1] for payload in payloads} != {b"{"} or not is_harmless(payloads, limits.depth - 1):
        return None
    attributes = _attributes(events, raws, payloads)
    return None if attributes is None else _told(events, payloads, attributes, limits)


def _attributes(
    events: list[_PlainCloudEvent], raws: list[bytes], payloads: list[bytes]
) -> list[bytes] | None:
    """Return each event's text without its data.

    None where a key stands twice, a text is empty, or one has an escape: it is not as it is written.
    """
    found = []
    for event, raw, payload in zip(events, raws, payloads, strict=True):
        event.data = _EMPTY
        text = _encode(event)
        # Written without blanks it is as long, unless something is in it twice.
        spare = len(raw) - len(payload) - len(text) + len(b"{}")
        escaped = b"\\" in raw and raw.count(b"\\") != payload.count(b"\\")
        if b':""' in text or escaped or (spare and repeats_key(raw)):
            return None
        found.append(text[: -len(_DATA)] + b"}")
    return found


def _told(
    events: list[_PlainCloudEvent], payloads: list[bytes], attributes: list[bytes], limits: PublishLimits
) -> Events | None:
    topics = [event.type for event in events]
    sources = [event.source for event in events]
    event_ids = [f"{event.source} {event.id}" for event in events]
    moments = moments_of([event.time for event in events])
    good = (
        moments is not None
        and are_names(topics, topic_flaw)
        and are_names(sources, source_flaw)
        and are_event_ids(event_ids, escaped=False)
        and (limits.allowed is None or limits.allowed.allows(topics, sources))
    )
    if not good or moments is None:
        return None
    raws = [
        f'{{"topic":"{event.type}","event_id":"{event_id}","timestamp":"{event.time}",'
        f'"source":"{event.source}","payload":'.encode()
        + b'%b,"cloudevent":%b}' % (payload, attribute)
        for event, event_id, payload, attribute in zip(events, event_ids, payloads, attributes, strict=True)
    ]
    return Events(topics, event_ids, raws, Contents(moments, sources, payloads), CLOUDEVENT)
