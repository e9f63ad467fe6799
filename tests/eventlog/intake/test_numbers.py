"""A number is let in exactly if jsonb can hold it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.eventlog.intake.conftest import type_of_jsonb
from tests.eventlog.intake.samples import accepted, array, faults, refused, sample, with_payload

FINE = [
    "0", "-0", "-0.0", "1.10", "9007199254740993", "1.0000000000000000001", "1" * 40, "1" * 5_000, "1e400",
    "1e131071", "9.99e131071", "0.1e131072", "0.00001e131076", "10e131070", "1" * 131_072, "1e-16383",
    "0e200000", "0e-16383", "1e+000000000000000131071", "1E+00000000000000", "0." + "1" * 16_383,
    "0." + "1" * 16_384 + "e1", "0." + "0" * 20_000 + "1e10000", "0." + "0" * 140_000 + "1e271072",
    "0e1073741822", "1" * 140_000 + "e-16383",
]  # fmt: skip
BEYOND = [
    "1e131072", "-1e131072", "10e131071", "1" * 131_073, "1e-16384", "10e-16384", "1.5e-16383", "1e-20000",
    "0e-16384", "0.0e-16383", "0e-20000", "0e1073741824", "0e9999999999", "1e99999999999999999999",
    "0." + "1" * 16_384, "0." + "1" * 16_383 + "e-1", "0." + "0" * 140_000 + "1e271073", "0e" + "9" * 5_000,
    "1" * 200_000 + "e-70000",
]  # fmt: skip


def payloads(number: str) -> list[bytes]:
    text = number.encode()
    return [
        with_payload(b'{"a":' + text + b"}"),
        with_payload(b'{"a":[[' + text + b"\n]]}"),
        with_payload(b'{"e1":"1e99999,","a":[1, ' + text + b" ]}"),
        sample(more="NUMBER").replace(b'"NUMBER"', text),
    ]


@pytest.mark.parametrize("number", FINE, ids=lambda number: number[:30])
def test_a_number_that_jsonb_holds_is_let_in(number: str, jsonb_type: type_of_jsonb) -> None:
    assert jsonb_type(number.encode()) == "number"
    for body in payloads(number):
        assert accepted(array(sample(), body)) == [sample(), body]
        assert accepted(body) == [body]


@pytest.mark.parametrize("number", BEYOND, ids=lambda number: number[:30])
def test_a_number_that_jsonb_cannot_hold_is_refused(number: str, jsonb_type: type_of_jsonb) -> None:
    assert jsonb_type(number.encode()) is None
    for body in payloads(number):
        assert faults(refused(body)) == [(0, "", "number_out_of_range")]
        assert faults(refused(array(sample(), body))) == [(1, "/1", "number_out_of_range")]
    assert refused(number.encode()).code == "number_out_of_range"


def test_the_one_number_on_which_versions_differ_is_refused() -> None:
    assert refused(with_payload(b'{"a":0e1073741823}')).code == "number_out_of_range"


def test_digits_in_strings_are_no_numbers() -> None:
    for text in (b"1e99999", b"1e99999,", b'\\"1e99999]', b"1" * 140_000, b"1e-99999}"):
        body = with_payload(b'{"a":"' + text + b'","' + text + b'":1}')
        assert accepted(body) == [body]


def near(limit: int) -> st.SearchStrategy[int]:
    return st.integers(0, 12) | st.integers(limit - 12, limit + 12)


DIGITS = st.text("0123456789", max_size=8)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Draw numbers of which many lie near a limit, with leading and trailing zeros of all kinds."""
    zeros = "0" * draw(st.sampled_from([0, 1, 3, 4, 16_380, 131_060]))
    whole = draw(st.sampled_from(["0", "1", "10", "98765", "1" + zeros]))
    fraction = draw(st.just("") | DIGITS.map(lambda digits: "." + zeros + digits + "0"))
    exponent = draw(st.just("") | near(131_071).map(str) | near(16_383).map(lambda n: f"-{n}") | DIGITS)
    sign = draw(st.sampled_from(["", "+", "00"])) if exponent and not exponent.startswith("-") else ""
    return whole + fraction + (f"e{sign}{exponent}" if exponent else "")


@settings(max_examples=400, deadline=None)
@given(numbers())
@example("0e-16384")
def test_the_rule_is_postgresqls(jsonb_type: type_of_jsonb, number: str) -> None:
    body = with_payload(b'{"a":' + number.encode() + b"}")
    if jsonb_type(number.encode()) == "number":
        assert accepted(body) == [body]
    else:
        assert refused(body).code == "number_out_of_range"
