"""What a record is published as: lawful, lossless, the same bytes every time."""

import base64
import json
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.intake.templates import parse_template
from publisher.ship.envelopes import BadLine, FieldEnvelope, Fields, LineEnvelope, readable
from publisher.ship.records import RECORD_BYTES_MAX, Record

TIME = "2025-10-21T10:00:00.000Z"
EVENT_BYTES_MAX = 1 << 20


def record(text: bytes, *, lines: int = 1, part: int = 0, continues: bool = False) -> Record:
    return Record(0x2A, 17, text, lines, TIME, part, continues, 99, 18)


def wrap(text: bytes, *, time_from: str = "", **flags: Any) -> dict[str, object]:
    envelope = LineEnvelope("log.app.line", "app.log", "app.log", "f1")
    event, _ = envelope.wrap(record(text, **flags), TIME, time_from)
    decoded = json.loads(event)
    assert isinstance(decoded, dict)
    return decoded


def fields(line: bytes, *, topic: str | None = "t", **paths: str) -> dict[str, object]:
    envelope = FieldEnvelope(Fields(topic=topic, source="s", **paths), UTC, "f1")
    event, _ = envelope.wrap(record(line), TIME, "")
    decoded = json.loads(event)
    assert isinstance(decoded, dict)
    return decoded


def payload(event: dict[str, object]) -> dict[str, object]:
    inner = event["payload"]
    assert isinstance(inner, dict)
    return inner


def test_a_line_becomes_its_text_its_file_and_its_number() -> None:
    assert wrap("Grüße ]\x1b[0m".encode()) == {
        "topic": "log.app.line",
        "event_id": "f1.2a",
        "timestamp": TIME,
        "source": "app.log",
        "payload": {"line": "Grüße ]\x1b[0m", "file": "app.log", "line_number": 17},
    }


def test_a_time_that_is_not_the_line_s_own_is_marked() -> None:
    assert payload(wrap(b"a", time_from="read"))["time_from"] == "read"


def test_joined_lines_and_parts_say_so() -> None:
    assert payload(wrap(b"a", continues=True))["continues"] is True
    assert payload(wrap(b"a\n b", lines=2))["lines"] == 2
    assert payload(wrap(b"a", part=3))["part"] == 3


@given(st.binary(max_size=200))
def test_every_byte_comes_back(content: bytes) -> None:
    inner = payload(wrap(content))
    line = inner["line"]
    assert isinstance(line, str)
    exact = inner.get("base64")
    assert "\0" not in line
    assert (base64.b64decode(exact) if isinstance(exact, str) else line.encode()) == content


def test_text_that_is_whole_is_not_sent_twice() -> None:
    assert readable("ok é \x01".encode()) == ("ok é \x01", None)
    assert readable(b"a\xffb") == ("a\ufffdb", b"a\xffb")
    assert readable(b"a\0b") == ("a\ufffdb", b"a\0b")


@pytest.mark.parametrize("worst", [b"\x01", b"\xff", b"\0", b"\x01\xff"])
def test_the_longest_record_is_never_too_large_an_event(worst: bytes) -> None:
    envelope = LineEnvelope("t" * 255, "s" * 255, "f" * 200, "f1")
    event, _ = envelope.wrap(record(worst * (RECORD_BYTES_MAX // len(worst))), TIME, "read")
    assert len(event) < EVENT_BYTES_MAX


BODY = b'{"a": 1.10, "b":[{"c":"\\u00e9"}],"at":"2025-01-01T00:00:00Z"}'
LINE = b'{"event":"push","n":7,"body":' + BODY + b',"big":12345678901234567890.5}'


def test_the_payload_is_the_text_as_it_was_written() -> None:
    event, _ = FieldEnvelope(Fields(topic="t", source="s"), UTC, "f1").wrap(
        record(b"  " + LINE + b" "), TIME, ""
    )
    assert event.endswith(b',"payload":' + LINE + b"}")
    envelope = FieldEnvelope(Fields(topic="t", source="s", payload_field="body"), UTC, "f1")
    event, _ = envelope.wrap(record(LINE), TIME, "")
    assert event.endswith(b'"payload":' + BODY + b"}")


def test_fields_are_found_by_dotted_paths() -> None:
    event = fields(
        LINE, topic_template="github.{event}.{n}", id_field="n", time_field="body.at", source_field="event"
    )
    assert (event["topic"], event["event_id"], event["source"]) == ("github.push.7", "7", "push")
    assert event["timestamp"] == "2025-01-01T00:00:00.000Z"


def test_a_key_that_has_the_dots_itself_wins() -> None:
    assert fields(b'{"a.b":"flat","a":{"b":"deep"}}', id_field="a.b")["event_id"] == "flat"


def test_what_is_missing_has_a_default() -> None:
    event = fields(b'{"id":null,"x":true}', id_field="id", source_field="x", time_field="no.such")
    assert (event["event_id"], event["source"], event["timestamp"]) == ("f1.2a", "s", TIME)


def test_a_well_known_time_field_is_used_when_none_is_named() -> None:
    assert fields(b'{"ts":1700000000}')["timestamp"] == "2023-11-14T22:13:20.000Z"


def test_a_topic_that_cannot_be_made_refuses_the_line_unless_there_is_another() -> None:
    with pytest.raises(BadLine, match="there is no kind"):
        fields(b"{}", topic=None, topic_template="x.{kind}")
    assert fields(b"{}", topic="fallback", topic_template="x.{kind}")["topic"] == "fallback"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "invalid_json"),
        (b'{"a":1} x', "invalid_json"),
        (b"[1]", "not_an_object"),
        (b"5", "not_an_object"),
        (b'{"a":"\xff"}', "invalid_utf8"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    ],
)
def test_a_line_that_is_no_object_is_refused_with_a_code(line: bytes, code: str) -> None:
    with pytest.raises(BadLine) as caught:
        fields(line)
    assert caught.value.code == code


def test_a_part_of_an_over_long_line_is_no_object() -> None:
    with pytest.raises(BadLine, match="longer"):
        FieldEnvelope(Fields(topic="t", source="s"), UTC, "f1").wrap(record(b"{}", part=1), TIME, "")


def test_a_payload_field_that_is_not_there_refuses_the_line() -> None:
    with pytest.raises(BadLine, match="no body"):
        fields(b"{}", payload_field="body")


@given(st.binary(max_size=100))
def test_no_line_is_an_error_of_another_kind(line: bytes) -> None:
    with suppress(BadLine):
        fields(line, topic_template="{a}.{b.c}", id_field="id", time_field="t", payload_field="p")


@pytest.mark.parametrize("template", ["a.{}", "a.{", "a}", "{a!r}", "{a:>9}"])
def test_a_template_that_names_nothing_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_template(template)
