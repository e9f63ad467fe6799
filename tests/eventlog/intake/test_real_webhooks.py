"""Real GitHub webhooks as payloads."""

import msgspec
import psycopg

from eventlog.intake import parse
from tests.eventlog.intake.samples import LIMITS, array, sample, with_payload
from tests.eventlog.intake.test_accepted_is_jsonb import assert_usable
from tests.support.real_input import WEBHOOKS, needs_real_input


class Delivery(msgspec.Struct):
    body: msgspec.Raw


@needs_real_input
def test_real_webhooks_are_let_in_in_every_form(postgres: psycopg.Connection) -> None:
    deliveries = msgspec.json.Decoder(Delivery).decode_lines(WEBHOOKS.read_bytes())
    events = [with_payload(bytes(delivery.body)) for delivery in deliveries]
    assert events
    batches = [array(*events[at : at + 100]) for at in range(0, len(events), 100)]
    for body in batches:
        assert_usable(postgres, parse(body, ndjson=False, limits=LIMITS))
    for event in events:
        assert parse(event, ndjson=False, limits=LIMITS).events[0].raw == event
    lines = parse(b"\n".join(events), ndjson=True, limits=LIMITS)
    assert [event.raw for event in lines.events] == events
    mixed = parse(array(*events[:50], sample(topic="")), ndjson=False, limits=LIMITS, lenient=True)
    assert [event.raw for event in mixed.events] == events[:50]
