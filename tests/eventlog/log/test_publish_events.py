"""publish_events() takes what POST /publish takes, and refuses what it refuses."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from eventlog.errors import Refused
from eventlog.intake import PublishLimits, parse
from tests.support.deliveries import event
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)

GOOD = json.loads(event().raw)
# Whatever a statement can carry: PostgreSQL's text has no NUL, UTF-8 has no surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
NAMES = st.one_of(
    TEXT,
    st.sampled_from(
        ["", " a", "a ", "a\u3000", "\u2003a", "\u200ba", "\u180ea", "$a", "a$", "a*", "a\tb", "a\x85b"]
    ),
    st.integers(250, 260).map(lambda size: "x" * size),
    st.integers(125, 130).map(lambda size: "é" * size),
)
OFFSETS = st.sampled_from(
    ["Z", "z", "", "+00:00", "-00:00", "+15:59", "-15:59", "+16:00", "+24:00", "+0100", " Z", "+01"]
)
FRACTIONS = [".1234567", ".999999999", f".{'9' * 234}", f".{'9' * 300}", ".", ",5"]
TIMESTAMPS = st.one_of(
    TEXT,
    st.builds(
        "{}{}{}{}{}".format,
        st.dates().map(str)
        | st.sampled_from(
            [
                "1970-01-01",
                "1969-12-31",
                "9999-12-31",
                "10000-01-01",
                "2025-02-29",
                "2024-02-29",
                "0000-01-01",
            ]
        ),
        st.sampled_from(["T", "t", " ", ""]),
        st.times().map(lambda time: time.strftime("%H:%M:%S"))
        | st.sampled_from(["00:00:00", "23:59:59", "24:00:00", "23:59:60", "12:00"]),
        st.sampled_from(["", ".1", ".123456", *FRACTIONS]),
        OFFSETS,
    ),
    st.sampled_from(["now", "infinity", "epoch", "2025-10-21", "2025-W43-2T10:00:00Z", "20251021T100000Z"]),
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["1e400", "1e131071", "1e131072", "-0.0", "1E-16383", "1e-16384", "0e1073741822", "01", "+1", "NaN"]
    ),
)
LITERALS = st.one_of(
    NUMBERS,
    TEXT.map(json.dumps),
    st.sampled_from(
        ['"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\\\u0000"', "null", "true", "[]", "{}", '"\\x"']
    ),
    st.sampled_from([62, 63, 64, 65, 200]).map(lambda depth: "[" * depth + "]" * depth),
)
PAYLOADS = st.one_of(
    LITERALS,
    st.builds('{{"a": {}, "b": {}}}'.format, LITERALS, LITERALS),
    st.builds('{{"a": {}, "a": {}}}'.format, LITERALS, LITERALS),
    st.builds("{{{}: 1}}".format, TEXT.map(json.dumps) | st.just('"\\u0000"')),
)


@st.composite
def hostile_events(draw: st.DrawFn) -> str:
    """Make an event's JSON text of which a field or two may be anything."""
    members = {name: json.dumps(value) for name, value in GOOD.items()}
    fields = {"topic": NAMES, "event_id": NAMES, "source": NAMES, "timestamp": TIMESTAMPS}
    for name in draw(st.lists(st.sampled_from([*fields, "payload"]), max_size=2)):
        value = PAYLOADS if name == "payload" else fields[name].map(json.dumps) | LITERALS
        members[name] = draw(value)
    dropped = draw(st.sampled_from([None, None, None, *members]))
    pairs = [(json.dumps(name), text) for name, text in members.items() if name != dropped]
    pairs += draw(st.lists(st.tuples(TEXT.map(json.dumps) | st.just('"topic"'), LITERALS), max_size=1))
    return "{" + ", ".join(f"{name}: {text}" for name, text in pairs) + "}"


def door_takes(raw: str) -> bool:
    try:
        parse(f"[{raw}]".encode(), ndjson=False, limits=LIMITS)
    except Refused:
        return False
    return True


def sql_takes(connection: Connection, raw: str) -> bool:
    try:
        return scalar(connection, "SELECT event_fault(%s::json)", raw) is None
    except psycopg.errors.InvalidTextRepresentation:
        return False  # no JSON at all


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=hostile_events())
@example(raw=json.dumps(GOOD | dict.fromkeys(map(str, range(995)), 1)))
@example(raw=json.dumps(GOOD | dict.fromkeys(map(str, range(996)), 1)))
@example(raw="5")
@example(raw="[]")
@example(raw="{}")
@example(raw=json.dumps(GOOD)[:-2] + ', "a": ' + "[" * 62 + "]" * 62 + ', "a": 1}}')
@example(raw=json.dumps(GOOD)[:-2] + ', "a": ' + "[" * 63 + "]" * 63 + ', "a": 1}}')
@example(raw=json.dumps(GOOD)[:-2] + ', "a": "' + "[" * 100 + '\\\\\\""}}')
@example(raw='{"a": ' + "[" * 5_000 + "]" * 5_000 + "}")
def test_sql_and_the_door_agree_on_every_event(connection: Connection, raw: str) -> None:
    assert sql_takes(connection, raw) == door_takes(raw)


@pytest.mark.parametrize(
    "fields",
    [
        {"topic": "x" * 255},
        {"event_id": "é" * 127},
        {"timestamp": "2025-10-21t10:00:00.123456-15:59"},
        {"timestamp": f"9999-12-31T23:59:59.{'9' * 30}Z"},
    ],
    ids=str,
)
def test_the_edge_of_what_is_allowed_is_taken(connection: Connection, fields: dict[str, Any]) -> None:
    assert sql_takes(connection, json.dumps({**GOOD, **fields}))


@pytest.mark.parametrize("events", [None, "{}", "5", "null", '"text"'])
def test_anything_but_an_array_is_refused(connection: Connection, events: str | None) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="takes a JSON array"):
        connection.execute("SELECT publish_events(%s::json)", [events])


def test_an_array_of_none_publishes_nothing(connection: Connection) -> None:
    assert scalar(connection, "SELECT publish_events('[]')") == 0


def test_one_bad_event_refuses_all_and_is_named(connection: Connection) -> None:
    events = [GOOD, {**GOOD, "topic": "$own"}, {**GOOD, "source": ""}]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="event 1: topic"):
        connection.execute("SELECT publish_events(%s::json)", [json.dumps(events)])
    assert scalar(connection, "SELECT count(*) FROM outbox") == 0


def test_what_it_says_never_repeats_the_content(connection: Connection) -> None:
    secret = json.dumps([{**GOOD, "timestamp": "4929-secret", "payload": {"card": "secret"}}])
    with pytest.raises(psycopg.errors.InvalidParameterValue) as raised:
        connection.execute("SELECT publish_events(%s::json)", [secret])
    assert "secret" not in str(raised.value.diag.message_primary)
