"""Lines to records: nothing is lost, and a record does not depend on how the file was read."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.ship.records import RECORD_BYTES_MAX, EveryLine, Record, RecordReader, Start

STAMPED = b"2025-10-21 10:00:0"


class Stamped:
    """Lines that begin with a year begin a record; of others those that are not indented."""

    def time_of(self, line: bytes) -> str | None:
        return "2025-10-21T10:00:00.000Z" if line.startswith(b"2025-") else None

    def begins(self, line: bytes, time: str | None, before: bytes) -> bool:
        return time is not None or not line.startswith(b" ")


def read(*pieces: bytes, start: Start | None = None, line_bytes_max: int = RECORD_BYTES_MAX) -> list[Record]:
    start = start or Start()
    one = RecordReader(start, Stamped(), line_bytes_max)
    found: list[Record] = []
    offset = start.offset
    for piece in pieces:
        found += one.feed(piece, offset)
        offset += len(piece)
    return found + list(one.finish())


def text_of(found: Iterable[Record]) -> list[bytes]:
    return [record.text for record in found]


line = st.one_of(
    st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"").replace(b"\0", b"")),
    st.sampled_from(
        [STAMPED + b"1 INFO started", b"    at com.example.Main(Main.java:12)", b"Caused by: x", b""]
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
    assert [part for record in read(content) for part in record.text.split(b"\n")] == lines


@given(files)
def test_reading_resumes_after_every_record(content: bytes) -> None:
    whole = read(content)
    for number, record in enumerate(whole[:-1], start=1):
        assert read(content[record.after.offset :], start=record.after) == whole[number:]


@given(files.map(lambda content: content + b"\n"), st.integers(0, 12))
def test_a_record_that_only_time_ended_ends_there_when_it_is_read_again(content: bytes, after: int) -> None:
    first = b"".join(content.splitlines(keepends=True)[:after])
    one = RecordReader(Start(), Stamped())
    early = [*one.feed(first, 0), *one.flush()]
    sealed = early[-1].after.offset if early else 0
    late = [*one.feed(content[len(first) :], len(first)), *one.finish()]
    assert read(content, start=Start(sealed=sealed)) == early + late


def test_what_comes_too_late_for_its_record_says_so() -> None:
    one = RecordReader(Start(), Stamped())
    early = [*one.feed(STAMPED + b"1 ERROR\n", 0), *one.flush()]
    late = [*one.feed(b"  at x\n  at y\n" + STAMPED + b"2\n", len(STAMPED) + 8), *one.flush()]
    assert [record.continues for record in early + late] == [False, True, False]
    assert late[0].text == b"  at x\n  at y"
    assert late[0].time == early[0].time


def test_half_a_line_waits_and_is_no_byte_of_the_next_read() -> None:
    one = RecordReader(Start(), Stamped())
    assert [*one.feed(b"one\ntw", 0), *one.flush()][0].text == b"one"
    assert one.half_line == 2
    assert text_of([*one.feed(b"o\n", 6), *one.flush()]) == [b"two"]


def test_line_endings_and_offsets() -> None:
    found = read(b"one\r\n\ntwo\n")
    assert [(r.offset, r.line_number, r.text) for r in found] == [(0, 1, b"one"), (5, 2, b""), (6, 3, b"two")]


def test_a_stack_trace_belongs_to_its_line() -> None:
    found = read(STAMPED + b"1 ERROR\n  at a\n  at b\n" + STAMPED + b"2 INFO\n")
    assert [(record.line_number, record.lines) for record in found] == [(1, 3), (4, 1)]


def test_a_hole_ends_what_stood_before_it() -> None:
    one = RecordReader(Start(), Stamped())
    found = [*one.feed(b"one\nha", 0), *one.feed(b"two\n", 5000), *one.flush()]
    assert [(r.offset, r.text) for r in found] == [(0, b"one"), (4, b"ha"), (5000, b"two")]


def test_a_line_that_is_too_long_comes_in_parts_that_join_to_it() -> None:
    text = "é" * 500_000
    found = read(text.encode() + b"\nnext\n")
    parts = found[:-1]
    assert [record.part for record in parts] == list(range(1, len(parts) + 1))
    assert b"".join(text_of(parts)).decode() == text
    assert {record.line_number for record in parts} == {1}
    assert (found[-1].text, found[-1].line_number, found[-1].part) == (b"next", 2, 0)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=200), st.data())
def test_parts_do_not_depend_on_the_pieces_read(prefix: int, text: bytes, data: st.DataObject) -> None:
    text = text.replace(b"\n", b"").replace(b"\0", b"")
    content = b"x" * prefix + text + b"\n" + STAMPED + b"1 y\n z\n"
    whole = read(content, line_bytes_max=64)
    cut = data.draw(st.integers(0, len(content)))
    assert read(content[:cut], content[cut:], line_bytes_max=64) == whole
    for number, record in enumerate(whole[:-1], start=1):
        assert read(content[record.after.offset :], start=record.after, line_bytes_max=64) == whole[number:]


def test_a_record_with_too_many_lines_goes_on_in_others() -> None:
    content = STAMPED + b"1 x\n" + b" more\n" * 2500 + STAMPED + b"2 y\n"
    found = read(content)
    assert [(record.continues, record.lines) for record in found] == [
        (False, 1000),
        (True, 1000),
        (True, 501),
        (False, 1),
    ]
    assert b"\n".join(text_of(found)) + b"\n" == content
    assert read(content[found[0].after.offset :], start=found[0].after) == found[1:]


@pytest.mark.parametrize("content", [b'{"a":1}\n {"b":2}\n\n'])
def test_every_line_of_ndjson_is_a_record(content: bytes) -> None:
    one = RecordReader(Start(), EveryLine())
    assert text_of([*one.feed(content, 0), *one.flush()]) == [b'{"a":1}', b' {"b":2}', b""]
