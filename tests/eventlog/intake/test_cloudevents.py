"""CloudEvents 1.0 in: whichever way one is sent, it is the same event; what breaks a rule is named."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.errors import Refused
from eventlog.events import CLOUDEVENT
from eventlog.intake import Intake, PublishLimits
from eventlog.intake.cloudevents import event_id_of, read_batch, read_binary, read_structured
from eventlog.intake.plain_cloudevents import read_plain_batch
from projections.read.cloudevents import Said, as_cloudevent
from projections.read.events import Event

LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=100)
JSON_TYPE = "application/json"
LEAST = {"specversion": "1.0", "id": "A-1", "source": "/shop/7", "type": "com.example.order.created"}


def structured(event: dict[str, Any], *, lenient: bool = False) -> Intake:
    return read_structured(json.dumps(event).encode(), LIMITS, lenient=lenient)


def binary(attributes: dict[str, str], body: bytes, kind: str | None) -> Intake:
    headers = {f"ce-{name}".encode(): quote(value, safe=" ").encode() for name, value in attributes.items()}
    if kind is not None:
        headers[b"content-type"] = kind.encode()
    return read_binary(headers, body, LIMITS)


def own(intake: Intake) -> dict[str, Any]:
    [raw] = intake.events.raws
    event: dict[str, Any] = json.loads(raw)
    return event


def refusal(event: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        read_structured(
            event if isinstance(event, bytes) else json.dumps(event).encode(), LIMITS, lenient=False
        )
    return refused.value


def test_an_event_says_in_our_words_what_it_said_in_its_own() -> None:
    sent = {**LEAST, "time": "2026-01-02T03:04:05.123456789Z", "subject": "é", "ext": 5, "data": {"n": 1.5}}
    intake = structured(sent)
    assert own(intake) == {
        "topic": "com.example.order.created",
        "event_id": "/shop/7 A-1",
        "timestamp": "2026-01-02T03:04:05.123456789Z",
        "source": "/shop/7",
        "payload": {"n": 1.5},
        "cloudevent": {name: value for name, value in sent.items() if name != "data"},
    }
    assert intake.events.format == CLOUDEVENT


@pytest.mark.parametrize(
    ("members", "payload", "within"),
    [
        ({}, {}, ""),
        ({"data": [1, 2]}, {"data": [1, 2]}, "data"),
        ({"data": None}, {}, ""),
        ({"data": "text", "datacontenttype": "text/plain"}, {"data": "text"}, "data"),
        ({"data": {"data": 1}}, {"data": {"data": 1}}, None),
        ({"data_base64": b64encode(b'{"a": 1}').decode()}, {"a": 1}, None),
        ({"data_base64": "aGk=", "datacontenttype": "text/plain"}, {"data": "hi"}, "data"),
        ({"data_base64": "/wA=", "datacontenttype": "image/png"}, {"data_base64": "/wA="}, "data_base64"),
        ({"data_base64": "AA==", "datacontenttype": "text/plain"}, {"data_base64": "AA=="}, "data_base64"),
        ({"data_base64": "e30x"}, {"data_base64": "e30x"}, "data_base64"),
    ],
)
def test_data_that_is_no_object_is_in_one(members: dict[str, Any], payload: Any, within: str | None) -> None:
    found = own(structured({**LEAST, **members}))
    if members == {"data": {"data": 1}}:
        payload = {"data": 1}
    assert found["payload"] == payload
    assert found.get("data_in") == within


def test_without_a_time_it_is_that_of_receipt_and_is_not_said_to_be_more() -> None:
    found = own(structured(LEAST))
    assert found["timestamp"].startswith("20")
    assert "time" not in found["cloudevent"]


def test_two_sources_may_use_one_id_and_a_long_one_is_hashed() -> None:
    assert event_id_of("/a", "1") != event_id_of("/b", "1")
    assert event_id_of("/a", "x" * 300).startswith("sha256:")
    assert event_id_of("/a", "x" * 300) != event_id_of("/a", "x" * 301)
    assert len(own(structured({**LEAST, "id": "é" * 200}))["event_id"]) == len("sha256:") + 64


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "specversion": ({"specversion": "0.3"}, "invalid_field"),
    "id": ({"id": None}, "missing_field"),
    "source": ({"source": ""}, "invalid_field"),
    "type": ({"type": "a*"}, "invalid_topic"),
    "time": ({"time": "yesterday"}, "invalid_timestamp"),
    "subject": ({"subject": 5}, "invalid_field"),
    "ext": ({"ext": {"a": 1}}, "invalid_field"),
    "data_base64": ({"data_base64": "!"}, "invalid_field"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_breaks_a_rule_is_named_as_cloudevents_name_it(name: str) -> None:
    members, code = FAULTS[name]
    refused = refusal({**LEAST, **members})
    assert [(fault.pointer, fault.code) for fault in refused.faults] == [(f"/{name}", code)]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "malformed", "empty_body"),
        (b"{", "malformed", "invalid_json"),
        (b"[]", "invalid", "not_an_event"),
        (b'{"id":"1","id":"2"}', "invalid", "duplicate_key"),
        (b'{"id":"\\u0000"}', "malformed", "nul_character"),
    ],
)
def test_what_is_no_event_is_refused(body: bytes, kind: str, code: str) -> None:
    refused = refusal(body)
    assert (refused.kind, refused.code) == (kind, code)


def test_a_batch_may_be_empty_and_leniently_read_leaves_out_what_is_wrong() -> None:
    assert len(read_batch(b" [ ] ", LIMITS, lenient=False).events) == 0
    body = json.dumps([LEAST, {**LEAST, "type": ""}, {**LEAST, "id": "2"}]).encode()
    with pytest.raises(Refused):
        read_batch(body, LIMITS, lenient=False)
    intake = read_batch(body, LIMITS, lenient=True)
    assert intake.events.event_ids == ["/shop/7 A-1", "/shop/7 2"]
    assert [fault.pointer for fault in intake.rejected] == ["/1/type"]
    with pytest.raises(Refused):
        read_batch(b"{}", LIMITS, lenient=False)


@pytest.mark.parametrize("value", [b"%ff", b"a%00b"])
def test_a_header_that_no_text_can_hold_is_refused(value: bytes) -> None:
    headers = {f"ce-{name}".encode(): text.encode() for name, text in LEAST.items()}
    with pytest.raises(Refused) as refused:
        read_binary({**headers, b"ce-subject": value}, b"", LIMITS)
    assert [fault.pointer for fault in refused.value.faults] == ["/subject"]


def test_data_that_is_said_to_be_json_in_headers_has_to_be() -> None:
    with pytest.raises(Refused) as refused:
        binary(LEAST, b"{", JSON_TYPE)
    assert refused.value.code == "invalid_json"


def test_a_quoted_header_is_the_text_within() -> None:
    headers = {f"ce-{name}".encode(): text.encode() for name, text in LEAST.items()}
    found = own(read_binary({**headers, b"ce-subject": b'"a \\"b\\" %E2%82%AC"'}, b"", LIMITS))
    assert found["cloudevent"]["subject"] == 'a "b" €'


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda word: word == word.strip() and word.isprintable()
)
names = words.filter(lambda word: "*" not in word and not word.startswith("$"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": words, "source": words, "type": names},
    optional={"subject": words, "time": st.just("2026-01-02T03:04:05.000001+01:00"), "ext": words},
)


@given(events, values.filter(lambda value: value is not None))
def test_it_is_one_event_whichever_way_it_is_sent_and_comes_back_equal(
    attributes: dict[str, str], data: Any
) -> None:
    sent = {**attributes, "datacontenttype": JSON_TYPE, "data": data}
    alone = own(structured(sent))
    [batched] = read_batch(json.dumps([sent]).encode(), LIMITS, lenient=False).events.raws
    headers = own(binary(attributes, json.dumps(data).encode(), JSON_TYPE))
    for other in (json.loads(batched), headers):
        assert {**other, "timestamp": 0} == {**alone, "timestamp": 0}
    assert json.loads(sent_out(alone)) == sent


@given(
    events, st.binary(min_size=1), st.sampled_from(["text/plain", "application/octet-stream", "image/png"])
)
def test_bytes_are_one_event_whichever_way_they_are_sent(
    attributes: dict[str, str], content: bytes, kind: str
) -> None:
    sent = {**attributes, "datacontenttype": kind, "data_base64": b64encode(content).decode()}
    alone, headers = own(structured(sent)), own(binary(attributes, content, kind))
    assert {**headers, "timestamp": 0} == {**alone, "timestamp": 0}
    out = json.loads(sent_out(alone))
    assert (out.get("data") or "").encode() + b"" in (content, b"")
    assert "data" in out or out["data_base64"] == sent["data_base64"]


plain = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": words,
        "source": words,
        "type": names,
        "time": st.sampled_from(["2026-01-02T03:04:05.000001+01:00", "2026-01-02T03:04:05Z", "never"]),
        "data": st.dictionaries(words, values, max_size=2) | st.just([1]),
    },
    optional={"subject": words | st.just(""), "datacontenttype": st.just(JSON_TYPE), "ext": words},
)


@given(st.lists(plain, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_the_fast_way_comes_to_the_same_or_does_not_know(
    batch: list[dict[str, Any]], blanks: bool, ascii_alone: bool
) -> None:
    separators = None if blanks else (",", ":")
    body = json.dumps(batch, separators=separators, ensure_ascii=ascii_alone).encode()
    fast = read_plain_batch(body, LIMITS)
    if fast is None:
        return
    slow = read_batch(body, LIMITS, lenient=False).events
    assert fast.topics == slow.topics
    assert fast.event_ids == slow.event_ids
    assert fast.contents == slow.contents
    assert fast.format == slow.format
    assert list(map(json.loads, fast.raws)) == list(map(json.loads, slow.raws))


def test_the_fast_way_knows_what_is_plain_and_nothing_that_stands_twice() -> None:
    event = {**LEAST, "time": "2026-01-02T03:04:05Z", "data": {"n": 1}}
    text = json.dumps(event)
    for blanks in (None, (",", ":")):
        body = json.dumps([event], separators=blanks).encode()
        assert read_plain_batch(body, LIMITS) is not None
    for other in (text[:-1] + ', "id": "2"}', text.replace('{"n"', '{"n":NaN'), text.replace("1.0", "0.3")):
        assert read_plain_batch(f"[{other}]".encode(), LIMITS) is None
    assert read_plain_batch(json.dumps([{**event, "ext": "1"}]).encode(), LIMITS) is None


@pytest.mark.parametrize("read", [read_structured, read_batch])
def test_bytes_that_are_no_utf_8_are_refused(read: Any) -> None:
    event = json.dumps({**LEAST, "data": {"a": "x"}}).encode().replace(b'"x"', b'"\xff"')
    with pytest.raises(Refused) as refused:
        read(event if read is read_structured else b"[" + event + b"]", LIMITS, lenient=False)
    assert refused.value.code == "invalid_utf8"
    with pytest.raises(Refused):
        binary(LEAST, b'{"a":"\xff"}', JSON_TYPE)


def sent_out(event: dict[str, Any]) -> bytes:
    payload = msgspec.Raw(json.dumps(event["payload"]).encode())
    held = Event(event["topic"], event["event_id"], "", event["source"], payload, 0, 1, "", "")
    return as_cloudevent(held, Said(json.dumps(event["cloudevent"]), event.get("data_in")))
