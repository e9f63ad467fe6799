"""Bodies to try intake with."""

import json
from collections.abc import Mapping

from eventlog.errors import Refused
from eventlog.intake import Intake, PublishLimits, parse

LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)
OWN = {
    "topic": "payment.notification",
    "event_id": "3832d20e7-101",
    "timestamp": "2025-10-21T10:00:00.000Z",
    "source": "payment-gateway-A",
    "payload": {"amount": 500000},
}


def sample(**changes: object) -> bytes:
    """Return a good event as JSON, with these fields instead or besides; `...` leaves a field out."""
    members: Mapping[str, object] = OWN | changes
    return json.dumps({key: value for key, value in members.items() if value is not ...}).encode()


def with_payload(text: bytes) -> bytes:
    """Return a good event with this text for its payload."""
    return sample(payload="PAYLOAD").replace(b'"PAYLOAD"', text)


def array(*events: bytes) -> bytes:
    return b"[" + b", ".join(events) + b"]"


def accepted(body: bytes, *, ndjson: bool = False, limits: PublishLimits = LIMITS) -> list[bytes]:
    """Return the events' texts of a good body."""
    intake = parse(body, ndjson=ndjson, limits=limits)
    assert intake.rejected == []
    return [event.raw for event in intake.events]


def refused(
    body: bytes, *, ndjson: bool = False, limits: PublishLimits = LIMITS, lenient: bool = False
) -> Refused:
    """Return how a body is refused."""
    try:
        parse(body, ndjson=ndjson, limits=limits, lenient=lenient)
    except Refused as refusal:
        return refusal
    raise AssertionError("the body was accepted")


def lenient(body: bytes, *, ndjson: bool = False, limits: PublishLimits = LIMITS) -> Intake:
    return parse(body, ndjson=ndjson, limits=limits, lenient=True)


def faults(refusal: Refused) -> list[tuple[int | None, str, str]]:
    return [(fault.index, fault.pointer, fault.code) for fault in refusal.faults]
