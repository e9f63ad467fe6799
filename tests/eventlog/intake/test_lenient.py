import pytest

from tests.eventlog.intake.samples import array, faults, lenient, refused, sample, with_payload

GOOD, TOO = sample(), sample(event_id="2")
ALONE_400 = [
    (rb'{"a":"\u0000"}', "nul_character"),
    (rb'{"a":"\ud800 and more"}', "lone_surrogate"),
    (b'{"a":1e131072}', "number_out_of_range"),
    (b'{"a":' * 64 + b"{}" + b"}" * 64, "too_deep"),
]


@pytest.mark.parametrize(("payload", "code"), ALONE_400)
@pytest.mark.parametrize("form", ["array", "envelope", "ndjson"])
def test_events_that_alone_would_be_400_are_rejected_by_index(payload: bytes, code: str, form: str) -> None:
    events = (GOOD, with_payload(payload), TOO, sample(topic=""), with_payload(rb'{"\\":"\ud83d\ude00"}'))
    body = b"\n".join(events) if form == "ndjson" else array(*events)
    base = "/events" if form == "envelope" else ""
    intake = lenient(b'{"events":' + body + b"}" if base else body, ndjson=form == "ndjson")
    assert [event.raw for event in intake.events] == [events[0], events[2], events[4]]
    assert [(fault.index, fault.pointer, fault.code) for fault in intake.rejected] == [
        (1, f"{base}/1", code),
        (3, f"{base}/3/topic", "invalid_topic"),
    ]


def test_a_line_that_is_no_json_is_rejected_by_its_number() -> None:
    intake = lenient(GOOD + b"\n\n{\n" + sample(topic="") + b"\n" + b"[" * 5_000 + b"\n" + TOO, ndjson=True)
    assert [event.raw for event in intake.events] == [GOOD, TOO]
    assert [(fault.index, fault.pointer, fault.code) for fault in intake.rejected] == [
        (2, "/2", "invalid_json"),
        (3, "/3/topic", "invalid_topic"),
        (4, "/4", "too_deep"),
    ]


def test_a_body_with_no_fault_is_taken_as_ever() -> None:
    intake = lenient(array(GOOD, TOO))
    assert [event.raw for event in intake.events] == [GOOD, TOO]
    assert intake.rejected == []


@pytest.mark.parametrize(
    "body", [array(GOOD, b"{"), b"[", b"", b"[]", b"\xef\xbb\xbf" + GOOD, GOOD + b"\xff"]
)
def test_a_body_that_does_not_parse_as_a_whole_is_still_malformed(body: bytes) -> None:
    assert refused(body, lenient=True).kind == "malformed"


def test_if_none_is_good_the_body_is_invalid() -> None:
    refusal = refused(array(sample(topic=""), with_payload(rb'{"a":"\u0000"}')), lenient=True)
    assert (refusal.kind, refusal.code) == ("invalid", "invalid_event")
    assert faults(refusal) == [(0, "/0/topic", "invalid_topic"), (1, "/1", "nul_character")]
    assert refused(b"{\n[", ndjson=True, lenient=True).kind == "invalid"


def test_every_rejection_is_listed() -> None:
    intake = lenient(array(GOOD, *[sample(topic="")] * 500))
    assert [fault.index for fault in intake.rejected] == list(range(1, 501))
