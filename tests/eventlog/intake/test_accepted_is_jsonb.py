"""What intake lets in, PostgreSQL can use; what jsonb takes for a payload, intake lets in."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.errors import Refused
from eventlog.intake import Intake, parse
from tests.eventlog.intake.conftest import type_of_jsonb
from tests.eventlog.intake.samples import LIMITS, array, sample, with_payload

# Pieces of JSON and of what is nearly JSON.
STRINGS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4).map(
        lambda text: json.dumps(text)[1:-1].encode()
    )
    | st.text(max_size=3).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from(
        [
            rb"\u0000",
            rb"\\u0000",
            rb"\ud800",
            rb"\udc00",
            rb"\ud83d\ude00",
            rb"\\",
            rb"\"",
            rb"\/",
            rb"\x",
            b"[{",
            b"\x7f",
        ]
    ),
    max_size=4,
).map(lambda parts: b'"' + b"".join(parts) + b'"')
ATOMS = st.sampled_from(
    [
        b"null",
        b"true",
        b"1",
        b"-0",
        b"1e5",
        b"1E-5",
        b"1e00001",
        b"1e131072",
        b"1e-16384",
        b"01",
        b"1.",
        b"NaN",
        b".5",
        b"-",
    ]
)
SPACES = st.sampled_from([b"", b"", b" ", b"\n\t", b"\x0c"])


def values(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    padded = st.tuples(SPACES, inner, SPACES).map(b"".join)
    members = st.tuples(STRINGS, st.just(b":"), padded).map(b"".join)
    arrays = st.lists(padded, max_size=4).map(lambda items: b"[" + b",".join(items) + b"]")
    return arrays | st.lists(members, max_size=4).map(lambda items: b"{" + b",".join(items) + b"}")


VALUES = st.recursive(ATOMS | STRINGS, values, max_leaves=8)
OBJECTS = st.lists(st.tuples(STRINGS, st.just(b":"), VALUES).map(b"".join), max_size=3).map(
    lambda members: b"{" + b",".join(members) + b"}"
)


def taken(body: bytes, *, ndjson: bool = False, lenient: bool = False) -> Intake | None:
    try:
        return parse(body, ndjson=ndjson, limits=LIMITS, lenient=lenient)
    except Refused:
        return None


@settings(max_examples=600, deadline=None)
@given(OBJECTS)
def test_a_payload_is_let_in_exactly_if_jsonb_takes_it(jsonb_type: type_of_jsonb, payload: bytes) -> None:
    body = with_payload(payload)
    intake = taken(body)
    assert (intake is not None) == (jsonb_type(payload) == "object")
    together = taken(array(sample(), body, sample()), lenient=True)
    if intake is not None:
        assert together is not None
        assert [event.raw for event in together.events] == [sample(), body, sample()]
    elif together is not None:
        assert [event.raw for event in together.events] == [sample(), sample()]


def assert_usable(postgres: psycopg.Connection, intake: Intake) -> None:
    """Check that PostgreSQL stores each event, and finds in it the fields that intake found."""
    for event in intake.events:
        row = postgres.execute(
            """
            SELECT text::json ->> 'topic', text::jsonb ->> 'event_id',
                   (text::json ->> 'timestamp')::timestamptz, text::json ->> 'source',
                   json_typeof(text::json -> 'payload')
            FROM convert_from(%s, 'UTF8') AS text
            """,
            (event.raw,),
        ).fetchone()
        assert row is not None
        assert (row[0], row[1], row[4]) == (event.topic, event.event_id, "object")
        assert 1970 <= row[2].year <= 9999
        assert 1 <= len(row[3].encode()) <= 255
        if event.content is not None:
            since_2000 = row[2] - datetime(2000, 1, 1, tzinfo=UTC)
            assert event.content.timestamp == since_2000 // timedelta(microseconds=1)
            assert event.content.source == row[3]
            assert event.content.payload in event.raw


SEEDS = [
    sample(),
    sample(
        payload={"ключ": '\\"\u2028\U0001f389', "n": [1.5e10, -0.0, 10**30], "d": {"a": {"b": [[]]}}},
        extra=None,
    ),
    sample(topic="a\u00e9\U0001f389", event_id="\U0001f389", payload={}),
    b'{"events": [' + sample() + b", " + sample(event_id="x\\y") + b"]}",
    array(sample(), sample(payload={"e": "1e99999,", "u": "\ud83d\ude00"})),
    sample() + b"\r\n\n" + sample(event_id="2"),
]
BYTES = b'{}[]:,"\\/ \n\t\r0123456789eE+-.untrflasTZ\x00\x1f\x7f\x80\xc3\xed\xf0\xff'


def mutate(random: Random, body: bytes) -> bytes:
    """Change, drop, repeat or move a few bytes of a body."""
    text = bytearray(body)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(text) + 1)
        end = min(len(text), at + random.choice((0, 0, 1, 1, 2, 8, 40)))
        put = random.choice(
            (
                bytes([random.choice(BYTES)]),
                b"",
                bytes(text[at:end]) * 2,
                random.choice(
                    (rb"\u0000", rb"\ud800", rb"\u0063", b"1e131072", b"[" * 70, b'"topic":"x",', b"{},")
                ),
            )
        )
        text[at:end] = put
    return bytes(text)


@settings(max_examples=1_500, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(SEEDS), st.booleans(), st.booleans())
def test_a_mutated_body_is_refused_or_usable(
    postgres: psycopg.Connection, random: Random, seed: bytes, ndjson: bool, lenient: bool
) -> None:
    body = mutate(random, seed)
    intake = taken(body, ndjson=ndjson, lenient=lenient)
    if intake is not None:
        assert all(event.raw in body for event in intake.events)
        assert_usable(postgres, intake)
