"""What is appended comes back to the byte."""

import json

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from tests.support.deliveries import append_events

# Whatever PostgreSQL's text can hold: no NUL, no surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def events(draw: st.DrawFn) -> AcceptedEvent:
    payload = draw(st.dictionaries(TEXT, VALUES, max_size=4))
    raw = json.dumps(
        {"payload": payload, "note": "tab\t \\ back\\slash \N{SNOWMAN}"},
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 2, "\t"])),
    )
    padding = draw(st.sampled_from(["", " ", "\n", "\r\n\t"]))
    return AcceptedEvent(draw(TEXT), draw(TEXT), (padding + raw + padding).encode())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(events(), min_size=1, max_size=8))
def test_topic_id_and_raw_come_back_as_they_were_sent(
    database: str, connection: psycopg.Connection[TupleRow], batch: list[AcceptedEvent]
) -> None:
    places = append_events(database, batch)
    stored = [
        AcceptedEvent(topic, event_id, raw.encode())
        for place in places
        for topic, event_id, raw in connection.execute(
            "SELECT topic, event_id, raw::text FROM inbox"
            " WHERE partition = %s AND position BETWEEN %s AND %s ORDER BY position",
            place,
        )
    ]
    by_text = sorted(batch, key=lambda item: (item.topic, item.event_id, item.raw))
    assert sorted(stored, key=lambda item: (item.topic, item.event_id, item.raw)) == by_text


def test_a_users_own_client_encoding_changes_nothing(
    database: str, connection: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    append_events(database, [AcceptedEvent("größe", "ä", '{"ö": "ü"}'.encode())])
    row = connection.execute("SELECT topic, event_id, raw::text FROM inbox").fetchone()
    assert row == ("größe", "ä", '{"ö": "ü"}')


def test_a_large_text_is_stored_compressed_by_the_best_that_the_server_has(
    database: str, connection: psycopg.Connection[TupleRow]
) -> None:
    raw = json.dumps({"payload": {"commits": [{"message": f"Mend {number}"} for number in range(500)]}})
    append_events(database, [AcceptedEvent("orders", "large", raw.encode())])
    row = connection.execute(
        "SELECT raw::text, pg_column_compression(raw), pg_column_size(raw) FROM inbox"
    ).fetchone()
    methods = connection.execute(
        "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"
    ).fetchone()
    assert row is not None
    assert methods is not None
    assert row[:2] == (raw, "lz4" if "lz4" in methods[0] else "pglz")
    assert row[2] < len(raw) / 2
