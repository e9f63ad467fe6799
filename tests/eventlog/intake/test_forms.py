import pytest

from eventlog.intake import parse
from tests.eventlog.intake.samples import LIMITS, OWN, accepted, array, faults, refused, sample

ONE, TWO = sample(), sample(event_id="2")
ESCAPED_KEY = sample().replace(b'"topic"', rb'"topi\u0063"')


def test_an_event_is_read_with_its_text_as_sent() -> None:
    intake = parse(b" \r\n" + ONE + b"\t\n", ndjson=False, limits=LIMITS)
    [event] = intake.events
    assert (event.topic, event.event_id, event.raw) == (OWN["topic"], OWN["event_id"], ONE)


@pytest.mark.parametrize(
    "text",
    [
        ONE.replace(b", ", b" ,\r\n\t").replace(b": ", b" : "),
        sample(payload={"amount": "PLACE"}).replace(b'"PLACE"', b"-0.10e+1"),
        sample(payload={"a": 1}).replace(b'{"a": 1}', b'{"a":1,"a":2,"":{},"topic":"x","topic":"y"}'),
        sample(payload={"name": "naïve 日本語 🎉"}),
        sample(payload={"name": "日本語"}, topic="注文")
        .decode("unicode_escape")
        .encode("utf-8", "surrogatepass"),
        sample(subject="more", events=[1], data=None),
        sample(payload={"source": "a", "timestamp": None, "payload": {"event_id": 1}}),
        ESCAPED_KEY,
    ],
)
def test_every_form_keeps_the_text_to_the_byte(text: bytes) -> None:
    line = text.replace(b"\r\n", b" ")
    assert accepted(text) == [text]
    assert accepted(b"[" + text + b" , " + TWO + b" ] ") == [text, TWO]
    assert accepted(b' { "events" : [' + text + b"\n,\n" + TWO + b" ] }\n") == [text, TWO]
    assert accepted(rb'{"event\u0073":[' + text + b"]}") == [text]
    assert accepted(line + b"\n" + TWO, ndjson=True) == [line, TWO]


def test_ndjson_may_have_blank_lines_and_crlf() -> None:
    body = b"\r\n" + ONE + b"\r\n\n  \t\n" + TWO + b" \r\n\r\n"
    assert accepted(body, ndjson=True) == [ONE, TWO]


def test_a_fault_in_ndjson_is_told_by_the_number_of_its_line() -> None:
    body = b"\n" + ONE + b"\r\n\n" + sample(topic="") + b"\n"
    assert faults(refused(body, ndjson=True)) == [(3, "/3/topic", "invalid_topic")]


@pytest.mark.parametrize(
    "lines",
    [
        (ONE[:-3], ONE[-3:]),
        (ONE + b"," + TWO,),
        (ONE + b"," + TWO[:9], TWO[9:]),
        (b"[" + ONE, TWO + b"]"),
        (ONE + b"]", b"[" + TWO),
        (ONE + TWO,),
    ],
)
def test_an_event_in_ndjson_is_one_line_and_a_line_one_event(lines: tuple[bytes, ...]) -> None:
    assert refused(b"\n".join(lines), ndjson=True).kind == "malformed"


def test_an_array_on_a_line_of_ndjson_is_no_event() -> None:
    assert faults(refused(array(ONE) + b"\n" + TWO, ndjson=True)) == [(0, "/0", "not_an_event")]


def test_pointers_lead_into_the_body_as_it_was_sent() -> None:
    bad = sample(timestamp="now")
    assert faults(refused(bad)) == [(0, "/timestamp", "invalid_timestamp")]
    assert faults(refused(array(ONE, bad))) == [(1, "/1/timestamp", "invalid_timestamp")]
    enveloped = b'{"events":' + array(ONE, bad) + b"}"
    assert faults(refused(enveloped)) == [(1, "/events/1/timestamp", "invalid_timestamp")]


@pytest.mark.parametrize("rest", [b',"x":1', b',"":[]', b',"events":[]', rb',"\u0065vents":[]'])
def test_an_envelope_has_no_other_member(rest: bytes) -> None:
    after = refused(b'{"events":[' + ONE + b"]" + rest + b"}")
    before = refused(b"{" + rest[1:] + b',"events":[' + ONE + b"]}")
    assert after.kind == before.kind == "invalid"
    assert faults(after) == faults(before) == [(None, "", "invalid_envelope")]


def test_an_envelope_holds_an_array() -> None:
    assert faults(refused(b'{"events":{"0":1}}')) == [(None, "/events", "invalid_field")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (rb'"\u0000"', "nul_character"),
        (rb'"\ud800"', "lone_surrogate"),
        (b"1e400000", "number_out_of_range"),
        (b"[" * 70 + b"]" * 70, "too_deep"),
    ],
)
def test_what_is_malformed_counts_before_an_envelope_that_is_none(value: bytes, code: str) -> None:
    beside = b'{"events":[' + ONE + b'],"x":' + value + b"}"
    for body in (beside, b'{"events":{"a":' + value + b"}}"):
        refusal = refused(body)
        assert (refusal.kind, refusal.code) == ("malformed", code)


def test_an_object_with_events_and_a_topic_is_an_event() -> None:
    event = sample(events=[{"a": 1}])
    assert accepted(event) == [event]
    assert faults(refused(sample(events=[], payload=...))) == [(0, "/payload", "missing_field")]


@pytest.mark.parametrize("body", [b"5", b'"text"', b"null", b"true", b"-1.5e3"])
def test_json_that_is_no_object_is_no_event(body: bytes) -> None:
    assert faults(refused(body)) == [(0, "", "not_an_event")]
    assert faults(refused(array(ONE, body))) == [(1, "/1", "not_an_event")]
    assert refused(body).kind == "invalid"


@pytest.mark.parametrize(
    ("body", "ndjson", "code"),
    [
        (b"", False, "empty_body"),
        (b"", True, "empty_body"),
        (b" \r\n\t", False, "empty_body"),
        (b"\n\n", True, "empty_body"),
        (b"[]", False, "empty_batch"),
        (b'{"events": [ ]}', False, "empty_batch"),
    ],
)
def test_nothing_to_publish_is_malformed(body: bytes, ndjson: bool, code: str) -> None:
    refusal = refused(body, ndjson=ndjson)
    assert (refusal.kind, refusal.code) == ("malformed", code)
