"""Lines to records: nothing is lost, and a record's identity does not depend on how the file was read."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.ship import records
from publisher.ship.records import Cursor, Record, RecordReader, first_cursor
from publisher.ship.timestamps import TimeFinder

CHANGED = datetime(2025, 10, 21, 12, 0, tzinfo=UTC)
DEFAULT = "2025-10-21T12:00:00.000Z"
STAMPED = b"2025-10-21 10:00:0"


def reader(cursor: Cursor | None = None, name: str = "app.log", source: str = "s") -> RecordReader:
    cursor = cursor or first_cursor(name, source)
    return RecordReader(cursor, TimeFinder(UTC, CHANGED, cursor.times), DEFAULT)


def read(*pieces: bytes, cursor: Cursor | None = None, name: str = "app.log") -> list[Record]:
    one = reader(cursor, name)
    return [record for piece in pieces for record in one.feed(piece)] + list(one.finish())


def texts(found: Iterable[Record]) -> list[bytes]:
    return [record.text for record in found]


def ids(found: Iterable[Record]) -> list[str]:
    return [record.event_id for record in found]


line = st.one_of(
    st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")),
    st.sampled_from(
        [
            STAMPED + b"1 INFO started",
            STAMPED + b"2 ERROR failed",
            b"    at com.example.Main(Main.java:12)",
            b"Caused by: x",
            b"",
            b"Jun 14 15:16:01 combo sshd: hello",
            b'{"ts":"2025-10-21T10:00:00Z"}',
            b"\xff\xfe\x00",
        ]
    ),
)
files = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(line, max_size=12),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)


@given(files, st.lists(st.integers(0, 200), max_size=5))
def test_pieces_do_not_matter(content: bytes, cuts: list[int]) -> None:
    places = sorted(min(cut, len(content)) for cut in cuts)
    pieces = [content[a:b] for a, b in zip([0, *places], [*places, len(content)], strict=True)]
    assert read(*pieces) == read(content)


@given(files)
def test_no_byte_but_the_line_endings_is_lost(content: bytes) -> None:
    def bare(text: bytes) -> list[bytes]:
        return [part.removesuffix(b"\r") for part in text.split(b"\n")]

    lines = bare(content)
    if lines and not lines[-1]:
        lines.pop()
    found = [part for record in read(content) for part in record.text.split(b"\n")]
    assert found == lines


@given(files)
def test_reading_resumes_at_every_cursor(content: bytes) -> None:
    whole = read(content)
    for number, record in enumerate(whole[:-1], start=1):
        rest = content[record.after.offset :]
        assert read(rest, cursor=record.after) == whole[number:]


@given(files, files)
def test_a_file_that_grew_keeps_the_ids_it_had(content: bytes, more: bytes) -> None:
    content += b"\n"
    early, late = read(content), read(content + STAMPED + b"9 next\n" + more)
    # The last record may be continued by what came; all before it stand.
    assert ids(early[:-1]) == ids(late)[: len(early) - 1]


@given(files)
def test_equal_lines_are_different_events(content: bytes) -> None:
    found = ids(read(content))
    assert len(set(found)) == len(found)


def test_a_last_line_without_its_newline_keeps_its_id_when_the_newline_comes() -> None:
    early, late = read(b"one\ntwo"), read(b"one\ntwo\r\n")
    assert ids(early) == ids(late)
    assert early[-1].after.offset == 4, "it is read again should it go on"
    assert late[-1].after.offset == 9


def test_a_last_line_that_goes_on_is_another_event_and_what_follows_is_not_harmed() -> None:
    early, late = read(b"one\ntw"), read(b"one\ntwo\nthree\n")
    assert early[0].event_id == late[0].event_id
    assert early[1].event_id != late[1].event_id
    assert ids(late) == ids(read(b"one\ntwo\nthree\n"))


def test_line_endings_do_not_make_an_identity() -> None:
    assert ids(read(b"one\r\ntwo\r\n")) == ids(read(b"one\ntwo\n"))


def test_a_byte_order_mark_is_no_content() -> None:
    assert texts(read(b"\xef\xbb\xbf" + STAMPED + b"1 x\n")) == [STAMPED + b"1 x"]


def test_the_name_and_the_source_are_part_of_the_identity() -> None:
    one, other = read(b"same\n"), read(b"same\n", name="other.log")
    assert one[0].event_id != other[0].event_id
    assert first_cursor("a", "b").chain != first_cursor("a", "c").chain


def test_a_stack_trace_belongs_to_its_line() -> None:
    first = STAMPED + b"1 ERROR failed"
    trace = b"java.lang.IllegalState: x\n\tat a.b(C.java:1)\n\nCaused by: y\n\t... 3 more"
    second = STAMPED + b"2 INFO went on"
    found = read(b"\n".join([first, trace, second]) + b"\n")
    assert texts(found) == [first + b"\n" + trace, second]
    assert [(record.line_number, record.lines) for record in found] == [(1, 6), (7, 1)]


def test_without_stamps_only_indented_lines_continue() -> None:
    assert texts(read(b"one\n  more\ntwo\n\nthree\n")) == [b"one\n  more", b"two\n", b"three"]


def test_lines_before_the_first_stamp_are_records_of_their_own() -> None:
    found = read(b"Starting\nVersion 3\n" + STAMPED + b"1 ready\nundated\n")
    assert texts(found) == [b"Starting", b"Version 3", STAMPED + b"1 ready\nundated"]
    assert [record.time for record in found] == [DEFAULT, DEFAULT, "2025-10-21T10:00:01.000Z"]


def test_a_line_without_a_stamp_has_the_time_of_the_one_before() -> None:
    found = read(b'x [10/Oct/2025:13:55:36 +0000] "GET"\nno time here\n')
    assert [record.time for record in found] == ["2025-10-10T13:55:36.000Z"] * 2


def test_a_line_that_is_too_long_comes_in_parts_that_join_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "é" * 500_000
    found = read(text.encode() + b"\nnext\n")
    parts = found[:-1]
    assert [record.part for record in parts] == list(range(1, len(parts) + 1))
    assert b"".join(texts(parts)).decode() == text
    assert all(len(record.text) <= records.RECORD_BYTES_MAX for record in parts)
    assert {record.line_number for record in parts} == {1}
    assert (found[-1].text, found[-1].line_number, found[-1].part) == (b"next", 2, 0)


@given(
    st.integers(0, 3 * 64),
    st.binary(min_size=1, max_size=200).map(lambda b: b.replace(b"\n", b"")),
    st.data(),
)
def test_parts_do_not_depend_on_the_pieces_read(prefix: int, text: bytes, data: st.DataObject) -> None:
    content = b"x" * prefix + text + b"\n" + STAMPED + b"1 y\n z\n"

    def parts(pieces: list[bytes], cursor: Cursor | None = None) -> list[Record]:
        cursor = cursor or first_cursor("a", "b")
        one = RecordReader(cursor, TimeFinder(UTC, CHANGED, cursor.times), DEFAULT, line_bytes_max=64)
        return [record for piece in pieces for record in one.feed(piece)] + list(one.finish())

    whole = parts([content])
    cut = data.draw(st.integers(0, len(content)))
    assert parts([content[:cut], content[cut:]]) == whole
    for number, record in enumerate(whole[:-1], start=1):
        assert parts([content[record.after.offset :]], record.after) == whole[number:]


def test_a_record_with_too_many_lines_goes_on_in_parts() -> None:
    content = STAMPED + b"1 x\n" + b" more\n" * 2500 + STAMPED + b"2 y\n"
    found = read(content)
    assert [(record.part, record.lines) for record in found] == [(1, 1000), (2, 1000), (3, 501), (0, 1)]
    assert b"\n".join(texts(found)) + b"\n" == content
    resumed = read(content[found[0].after.offset :], cursor=found[0].after)
    assert resumed == found[1:]


def test_every_line_is_a_record_without_a_finder() -> None:
    one = RecordReader(first_cursor("a", "b"), None, DEFAULT)
    assert texts(one.feed(b'{"a":1}\n {"b":2}\n\n')) == [b'{"a":1}', b' {"b":2}', b""]
    assert not list(one.finish())
