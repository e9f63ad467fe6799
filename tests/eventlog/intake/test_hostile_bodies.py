"""Nothing but Refused comes out of intake, and the time it takes grows with the body alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.errors import Refused
from eventlog.intake import parse
from tests.eventlog.intake.samples import LIMITS, lenient, sample, with_payload

MIB = 1 << 20
# An honest 8 MiB takes about 0.06 s. This is far off, and far below what anything quadratic takes.
SECONDS_MAX = 6.0


@contextmanager
def soon() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS_MAX


HOSTILE = {
    "brackets that open": b"[" * 8 * MIB,
    "brackets that open and close": b"[" * 4 * MIB + b"]" * 4 * MIB,
    "objects that open": b'{"a":' * (8 * MIB // 5),
    "an array of numbers": b"[" + b"1," * (4 * MIB - 2) + b"1]",
    "an array of arrays": b"[" + b"[]," * (8 * MIB // 3 - 2) + b"[]]",
    "an array in an array": b"[[" + b"1," * (4 * MIB - 3) + b"1]]",
    "an array of strings": b"[[" + b'"",' * (8 * MIB // 3 - 3) + b'""]]',
    "a string that does not end": b'["' + b"a" * (8 * MIB - 2),
    "quotes escaped, without an end": b'["' + rb"\"" * (4 * MIB - 1),
    "backslashes": b'["' + rb"\\" * (4 * MIB - 2) + b'"]',
    "surrogates": b'["' + rb"\ud800" * (8 * MIB // 6 - 1) + b'"]',
    "surrogate pairs": b'["' + rb"\ud83d\ude00" * (8 * MIB // 12 - 1) + b'"]',
    "digits": b"[" + b"1" * (8 * MIB - 2) + b"]",
    "long runs of digits": b"[" + b",".join([b"1" * 5_999] * 1_390) + b"]",
    "an exponent": b"[1e" + b"9" * (8 * MIB - 4) + b"]",
    "many exponents": b"[[" + b"1e11111," * (MIB - 1) + b"1]]",
    "exponents in a string": b'["' + b"1e11111" * (8 * MIB // 7 - 1) + b'"]',
    "white space": b" " * (8 * MIB - 1) + b"x",
    "white space in an envelope": b'{"events":[]' + b" " * (8 * MIB - 20) + b',"a":1}',
    "newlines": b"\n" * (8 * MIB - 1) + b"x",
    "short lines": b"11\n" * (8 * MIB // 3),
    "deep lines": (b"[" * 1_500 + b"\n") * 5_000,
    "keys": b"{" + b",".join(b'"%d":0' % number for number in range(600_000)) + b"}",
    "no text": b"\x01" * 8 * MIB,
}


@pytest.mark.parametrize("ndjson", [False, True])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused_soon(body: bytes, ndjson: bool) -> None:
    assert len(body) <= LIMITS.body_bytes
    for kindly in (False, True):
        with soon(), pytest.raises(Refused):
            parse(body, ndjson=ndjson, limits=LIMITS, lenient=kindly)


INSIDE = {
    "numbers": b"1," * 500_000 + b"1",
    "exponents": b"1e11111," * 100_000 + b"1",
    "runs of digits": b",".join([b"1" * 5_999] * 170),
    "deep and wide": b"[[[[[]]]]]," * 90_000 + b"0",
    "empty strings": b'"",' * 300_000 + b"0",
    "empty objects": b"{}," * 300_000 + b"0",
}


@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
def test_a_large_event_beside_a_bad_one_is_read_soon(inside: bytes) -> None:
    large = with_payload(b'{"a":[' + inside + b"]}")
    with soon():
        intake = lenient(b"[" + b",".join([large] * 7 + [sample(topic="")]) + b"]")
    assert len(intake.events) == 7


def refusal_of(body: bytes, ndjson: bool, kindly: bool) -> Refused | None:
    try:
        parse(body, ndjson=ndjson, limits=LIMITS, lenient=kindly)
    except Refused as refusal:
        return refusal
    return None


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=60) | st.text('{}[]",:\\u0123 events\n', max_size=30).map(str.encode),
    st.booleans(),
    st.booleans(),
)
def test_any_bytes_are_refused_with_a_reason(body: bytes, ndjson: bool, kindly: bool) -> None:
    refusal = refusal_of(body, ndjson, kindly)
    assert refusal is not None
    assert refusal.code
    assert refusal.detail


def test_a_deep_body_is_refused_also_from_deep_in_the_stack() -> None:
    def call_from(depth: int) -> Refused | None:
        if depth:
            return call_from(depth - 1)
        return refusal_of(b"[" * 5_000 + b"]" * 5_000, ndjson=False, kindly=False)

    refusal = call_from(500)
    assert refusal is not None
    assert refusal.code == "too_deep"
