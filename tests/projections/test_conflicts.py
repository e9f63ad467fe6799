"""A duplicate conflicts when its source or payload differ, as JSON values, from the first."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from tests.support.deliveries import append_events, event, past_the_door
from tests.support.projecting import project_all

Connection = psycopg.Connection[TupleRow]

SAME: list[tuple[Any, Any]] = [
    ({"n": 1}, {"n": 1}),
    ({"n": 1}, {"n": 1.0}),
    ({"n": 100}, {"n": 1e2}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": {"x": 1, "y": [1, 2]}}, {"a": {"y": [1.0, 2], "x": 1}}),
]
DIFFERENT: list[tuple[Any, Any]] = [
    ({"n": 1}, {"n": 2}),
    ({"n": 1}, {"n": "1"}),
    ({"n": None}, {}),
    ({"a": [1, 2]}, {"a": [2, 1]}),
    # Which braces and brackets close where: PostgreSQL's own hash of jsonb does not look.
    ({"a": {"b": 1}, "c": 2}, {"a": {"b": 1, "c": 2}}),
    ({"a": [[1], 2]}, {"a": [[1, 2]]}),
    ({"a": [], "b": 1}, {"a": [[[]]], "b": 1}),
]


def outcomes(connection: Connection) -> tuple[Any, ...]:
    row = connection.execute("SELECT unique_processed, duplicate_dropped, conflicts FROM stats").fetchone()
    assert row is not None
    return row


def through_the_door(made: AcceptedEvent) -> AcceptedEvent:
    return made


WAYS = [through_the_door, past_the_door]


@pytest.mark.parametrize("batch_size", [1, 1000])
@pytest.mark.parametrize("first_came", WAYS)
@pytest.mark.parametrize("again_came", WAYS)
def test_payloads_conflict_when_they_differ_as_json_values(
    database: str,
    connection: Connection,
    batch_size: int,
    first_came: Callable[[AcceptedEvent], AcceptedEvent],
    again_came: Callable[[AcceptedEvent], AcceptedEvent],
) -> None:
    pairs = {json.dumps(pair): pair for pair in (*SAME, *DIFFERENT)}
    for name, (first, again) in pairs.items():
        append_events(database, [first_came(event(event_id=name, payload=first))])
        append_events(database, [again_came(event(event_id=name, payload=again))])
    project_all(database, batch_size=batch_size)
    assert outcomes(connection) == (len(pairs), len(pairs), len(DIFFERENT))
    conflicting = {row[0] for row in connection.execute("SELECT event_id FROM conflicts")}
    assert conflicting == {json.dumps(pair) for pair in DIFFERENT}


def test_another_source_is_a_conflict(database: str, connection: Connection) -> None:
    append_events(database, [event(event_id="a", source="shop"), event(event_id="a", source="till")])
    project_all(database)
    assert outcomes(connection) == (1, 1, 1)


def test_another_timestamp_is_no_conflict(database: str, connection: Connection) -> None:
    later = event(event_id="a", timestamp="2025-10-21T10:00:01Z")
    append_events(database, [event(event_id="a"), later])
    project_all(database)
    assert outcomes(connection) == (1, 1, 0)


def test_each_duplicate_is_compared_with_the_first_delivery(database: str, connection: Connection) -> None:
    payloads = [{"n": 1}, {"n": 2}, {"n": 1}, {"n": 2}, {"n": 3}]
    append_events(database, [event(event_id="a", payload=payload) for payload in payloads])
    project_all(database, batch_size=2)
    assert outcomes(connection) == (1, 4, 3)
    conflicts = connection.execute("SELECT first_position, position FROM conflicts ORDER BY position")
    assert conflicts.fetchall() == [(1, 2), (1, 4), (1, 5)]
