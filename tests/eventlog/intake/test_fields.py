import pytest

from eventlog.intake import PublishLimits, accept
from tests.eventlog.intake.samples import OWN, accepted, array, faults, refused, sample

FIELDS = list(OWN)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_missing_is_named(field: str) -> None:
    refusal = refused(sample(**{field: ...}))
    assert refusal.kind == "invalid"
    assert faults(refusal) == [(0, f"/{field}", "missing_field")]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], "5", {}])
def test_a_field_has_its_type_and_nothing_is_converted(field: str, value: object) -> None:
    if isinstance(value, dict if field == "payload" else str):
        return
    code = "invalid_payload" if field == "payload" else "invalid_field"
    assert faults(refused(sample(**{field: value}))) == [(0, f"/{field}", code)]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "x" * 256,
        "é" * 128,
        "a*",
        "*",
        "$system",
        " a",
        "a ",
        "\u3000a",
        "a\u00a0",
        "a\nb",
        "a\x7f",
        "a\x85b",
    ],
)
def test_a_topic_keeps_its_rules(topic: str) -> None:
    assert faults(refused(sample(topic=topic))) == [(0, "/topic", "invalid_topic")]
    assert faults(refused(array(sample(), sample(topic=topic)))) == [(1, "/1/topic", "invalid_topic")]


@pytest.mark.parametrize(
    "topic", ["x" * 255, "é" * 127 + "x", "a b", "a$", "/a/..", "日本.語", "\u200b", "🎉"]
)
def test_a_topic_may_be_anything_else(topic: str) -> None:
    assert accepted(sample(topic=topic))


@pytest.mark.parametrize("field", ["event_id", "source"])
@pytest.mark.parametrize("value", ["", "x" * 256, "🎉" * 64, "a\tb", "\x1f", "a\x9fb", "\x7f"])
def test_an_event_id_and_a_source_keep_their_rules(field: str, value: str) -> None:
    assert faults(refused(sample(**{field: value}))) == [(0, f"/{field}", f"invalid_{field}")]


@pytest.mark.parametrize("field", ["event_id", "source"])
@pytest.mark.parametrize(
    "value", ["x" * 255, "🎉" * 63 + "abc", " a ", "*", "$", "a\u00a0b", "\u200b", '"\\/']
)
def test_an_event_id_and_a_source_may_be_anything_else(field: str, value: str) -> None:
    assert accepted(sample(**{field: value}))


def test_every_bad_field_of_every_bad_event_is_named() -> None:
    body = array(sample(topic="", payload=[]), sample(), sample(event_id=5, timestamp="x", source=...))
    refusal = refused(body)
    assert refusal.code == "invalid_event"
    assert faults(refusal) == [
        (0, "/0/topic", "invalid_topic"),
        (0, "/0/payload", "invalid_payload"),
        (2, "/2/event_id", "invalid_field"),
        (2, "/2/timestamp", "invalid_timestamp"),
        (2, "/2/source", "missing_field"),
    ]


def test_a_refusal_has_one_entry_for_each_bad_field_of_a_batch() -> None:
    bad = sample(topic="", event_id=5, timestamp=None, source=[], payload="x")
    refusal = refused(array(*[bad] * 200))
    fields = ("topic", "event_id", "timestamp", "source", "payload")
    assert [fault.pointer for fault in refusal.faults] == [f"/{i}/{f}" for i in range(200) for f in fields]
    assert "1000 faults in all" in refusal.detail


def test_a_refusal_lists_a_thousand_faults_and_says_that_there_are_more() -> None:
    refusal = refused(array(*[sample(topic="")] * 1_500))
    assert len(refusal.faults) == 1_000
    assert "only the first 1000 faults are listed" in refusal.detail


def test_a_detail_does_not_repeat_what_was_sent() -> None:
    secret = "S3CRET"
    body = sample(
        topic=f"*{secret}", event_id=secret * 99, timestamp=secret, source=f"{secret}\n", payload=secret
    )
    refusal = refused(body)
    assert len(refusal.faults) == 5
    assert secret not in refusal.detail + "".join(fault.detail for fault in refusal.faults)


@pytest.mark.parametrize("field", FIELDS)
def test_a_repeated_key_among_the_own_fields_is_refused(field: str) -> None:
    escaped = f'"{field[:-1]}\\u{ord(field[-1]):04x}"'.encode()
    value = b'{"a": 1}' if field == "payload" else b'"2025-10-21T10:00:00Z"'
    for key in (f'"{field}"'.encode(), escaped):
        for body in (
            sample()[:-1] + b"," + key + b":" + value + b"}",
            b"{" + key + b":" + value + b"," + sample()[1:],
            b"{" + key + b":1," + sample().replace(b", ", b",").replace(b": ", b":")[1:],
        ):
            refusal = refused(body)
            assert (refusal.kind, refusal.code) == ("invalid", "duplicate_key")
            assert faults(refusal) == [(0, f"/{field}", "duplicate_key")]
            assert faults(refused(array(sample(), body))) == [(1, f"/1/{field}", "duplicate_key")]


@pytest.mark.parametrize(
    ("key", "pointer"),
    [("x", "/x"), ("", "/"), ("a/b~c", "/a~1b~0c"), ("é", "/é"), ("k" * 256, "")],
)
def test_a_repeated_key_of_another_field_is_pointed_to(key: str, pointer: str) -> None:
    members = f'"{key}":1,"{key}":1,'.encode()
    compact = sample().replace(b", ", b",").replace(b": ", b":")
    assert faults(refused(b"{" + members + compact[1:])) == [(0, pointer, "duplicate_key")]


def test_a_repeated_key_inside_a_payload_or_another_field_is_kept() -> None:
    body = sample(more={"k": 1}, payload={"k": 1}).replace(b'"k": 1', b'"k": 1, "k": 2')
    assert accepted(body) == [body]


def with_fields(count: int, name: str = "f{}") -> bytes:
    more = {name.format(number): number for number in range(count - len(OWN))}
    return sample(**more)


def test_an_event_has_a_thousand_fields_of_its_own_at_most() -> None:
    assert accepted(with_fields(1_000))
    assert accepted(array(with_fields(1_000), sample()))
    refusal = refused(with_fields(1_001))
    assert (refusal.kind, refusal.code) == ("invalid", "too_many_fields")
    assert faults(refused(array(sample(), with_fields(1_001)))) == [(1, "/1", "too_many_fields")]
    # In its payload, and in other fields, there may be any number.
    assert accepted(sample(more=dict.fromkeys(map(str, range(5_000)), 1)))


def test_too_many_fields_of_one_name_are_too_many() -> None:
    body = b"{" + b'"":1,' * 1_001 + sample()[1:]
    assert faults(refused(body)) == [(0, "", "too_many_fields")]


TAKES_LONG = {
    "own fields": [with_fields(900, "a longer name of field {}") for _ in range(20)],
    "escapes": [sample(payload={"text": "\u00e9" * 100_000})] * 2,
    "events": [sample()] * 10_001,
    "objects": [sample(payload={"a": [{}] * 100})] * 1_000,
}


@pytest.mark.parametrize("name", TAKES_LONG)
def test_what_takes_long_to_clear_is_not_cleared_where_everybody_waits(name: str) -> None:
    limits = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)
    few = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=5_000)
    body = array(*TAKES_LONG[name])
    assert accept(body, few if name == "objects" else limits) is None


def test_large_batches_of_what_is_expected_are_cleared_at_once() -> None:
    limits = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)
    assert accept(array(*[sample(payload={"text": "x" * 500, "more": {}})] * 9_000), limits) is not None
