"""400: what is no JSON, or holds what PostgreSQL cannot."""

import pytest

from tests.eventlog.intake.samples import accepted, array, faults, refused, sample, with_payload

DEEP = b'{"a":' * 62 + b"[]" + b"}" * 62


def code_of(body: bytes, *, ndjson: bool = False) -> str:
    refusal = refused(body, ndjson=ndjson)
    assert refusal.kind == "malformed"
    return refusal.code


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"{}}",
        b'{"a":1,}',
        b'{"a" 1}',
        b"{a:1}",
        b"{'a':1}",
        b'{"a":[1,]}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":1.}',
        b'{"a":.5}',
        b'{"a":+1}',
        b'{"a":1e}',
        b'{"a":0x1}',
        b'{"a":tru}',
        b'{"a":"\n"}',
        b'{"a":"\x00"}',
        b'{"a":"\x1f"}',
        b'{"a":"\\x41"}',
        b'{"a":"\\u12g4"}',
        b'{"a":"\\u12',
        b'{"a":1}/**/',
        b'{"a":1}\x0c',
        b'{"a":1}\xc2\xa0',
    ],
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    assert code_of(with_payload(payload)) == "invalid_json"
    assert code_of(array(sample(), with_payload(payload))) == "invalid_json"
    assert code_of(b'{"events":' + array(with_payload(payload)) + b"}") == "invalid_json"


@pytest.mark.parametrize("rest", [b"x", b"{}", b"]", b"}", b",", b"\0", b'"'])
def test_bytes_after_the_end_are_refused(rest: bytes) -> None:
    for body in (sample(), array(sample()), b'{"events":' + array(sample()) + b"}"):
        assert code_of(body + rest) == "invalid_json"
        if rest != body[-1:]:
            assert code_of(body[:-1] + rest) == "invalid_json"


def test_where_json_breaks_off_is_told() -> None:
    assert "at byte 9" in refused(b'  {"a": [}').detail


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + sample(),
        sample().decode().encode("utf-16"),
        sample().decode().encode("utf-16-le"),
        sample().decode().encode("utf-16-be"),
        sample().decode().encode("utf-32"),
        sample().decode().encode("utf-32-be"),
    ],
)
def test_another_encoding_is_refused(body: bytes) -> None:
    assert code_of(body) == "invalid_encoding"
    assert code_of(body, ndjson=True) == "invalid_encoding"


@pytest.mark.parametrize("broken", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
def test_what_is_no_utf8_is_refused(broken: bytes) -> None:
    for body in (with_payload(b'{"a":"' + broken + b'"}'), with_payload(b'{"' + broken + b'":1}')):
        assert code_of(body) == "invalid_utf8"
        assert code_of(body, ndjson=True) == "invalid_utf8"
    assert code_of(sample(topic="TOPIC").replace(b"TOPIC", broken)) == "invalid_utf8"


ESCAPES = [
    (rb"\u0000", "nul_character"),
    (rb"\\\u0000", "nul_character"),
    (rb"\ud800", "lone_surrogate"),
    (rb"\uDfFf", "lone_surrogate"),
    (rb"\ud83d\u0041", "lone_surrogate"),
    (rb"\ud83d\\udE00", "lone_surrogate"),
    (rb"\ud83d\ud83d\ude00", "lone_surrogate"),
    (rb"\ud83d\ude00\ude00", "lone_surrogate"),
    (rb"\ude00\ud83d", "lone_surrogate"),
]


@pytest.mark.parametrize(("escape", "code"), ESCAPES)
def test_escapes_that_cannot_be_stored_are_refused_wherever_they_are(escape: bytes, code: str) -> None:
    for body in (
        with_payload(b'{"a":"' + escape + b'"}'),
        with_payload(b'{"x' + escape + b' y":[]}'),
        with_payload(b'{"a":[[{"b":"' + escape + b' and a longer rest"}]]}'),
        sample(topic="X").replace(b"X", escape),
        sample(event_id="X").replace(b"X", escape),
        sample(more="X").replace(b"X", escape),
    ):
        assert faults(refused(body)) == [(0, "", code)]
        assert faults(refused(array(sample(), body))) == [(1, "/1", code)]
        assert faults(refused(b'{"events":' + array(sample(), body) + b"}")) == [(1, "/events/1", code)]
        assert faults(refused(sample() + b"\n" + body, ndjson=True)) == [(1, "/1", code)]
    assert code_of(b'"' + escape + b'"') == code


@pytest.mark.parametrize(
    "escape", [rb"\\u0000", rb"\\\\u0000", rb"\\ud800", rb"\ud83d\ude00", rb"\\\ud83d\uDE00", rb"\u0001"]
)
def test_escapes_that_only_look_alike_are_fine(escape: bytes) -> None:
    body = with_payload(b'{"a' + escape + b'":"' + escape + b'"}')
    assert accepted(array(sample(), body)) == [sample(), body]


def test_depth_counts_inside_an_event_from_the_event_itself() -> None:
    deepest, deeper = with_payload(DEEP), with_payload(b'{"b":' + DEEP + b"}")
    for fine in (deepest, array(deepest, sample()), b'{"events":' + array(deepest) + b"}"):
        assert accepted(fine)
    assert faults(refused(deeper)) == [(0, "", "too_deep")]
    assert faults(refused(array(*[sample()] * 40, deeper))) == [(40, "/40", "too_deep")]


def test_brackets_in_strings_are_not_depth() -> None:
    text = b'{"a":"' + b'[{\\"[' * 100 + b'"}'
    assert accepted(array(with_payload(text), with_payload(text)))


def test_a_fault_of_400_wins_over_one_of_422() -> None:
    refusal = refused(array(sample(topic=""), with_payload(rb'{"a":"\u0000"}'), sample(source=5)))
    assert refusal.kind == "malformed"
    assert faults(refusal) == [(1, "/1", "nul_character")]
    assert refused(sample(topic="")[:-1]).kind == "malformed"
    assert refused(sample(topic="") + b"\n{", ndjson=True).kind == "malformed"


@pytest.mark.parametrize("control", [b"\0", b"\x01", b"\t", b"\n", b"\x1f"])
def test_a_bare_control_character_in_a_string_is_no_json_alone_and_in_a_batch(control: bytes) -> None:
    bare = sample(event_id="a-b").replace(b"a-b", b"a" + control + b"b")
    for body in (bare, array(sample(), bare)):
        assert refused(body).kind == "malformed"
