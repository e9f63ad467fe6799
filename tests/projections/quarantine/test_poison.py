"""What a projection cannot digest is set aside, alone: its neighbours are projected, no worker is stuck."""

import json
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.books import imbalances
from tests.support.deliveries import append_events, event, insert_behind_the_door, topic_in
from tests.support.projecting import lag, project_all, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

GOOD = json.loads(event().raw)


def raw(**fields: Any) -> str:
    return json.dumps({**GOOD, **fields})


def without(field: str) -> str:
    return json.dumps({name: value for name, value in GOOD.items() if name != field})


def payload(text: str) -> str:
    """Return an event with a payload that json.dumps would not write."""
    return raw(payload="here").replace('"here"', text)


SET_ASIDE = {
    "no raw at all": None,
    "a number": "5",
    "null": "null",
    "an array": "[1]",
    "an empty object": "{}",
    **{f"no {field}": without(field) for field in ("timestamp", "source", "payload")},
    **{f"{field} is null": raw(**{field: None}) for field in ("timestamp", "source", "payload")},
    **{
        f"timestamp {text!r}": raw(timestamp=text)
        for text in (
            "garbage", "", "now", "today", "infinity", "-infinity", "epoch", "allballs", "1761040800",
            "2025-02-30T00:00:00Z", "2025-10-21T25:00:00Z", "1969-12-31T23:59:59Z", "0044-03-15T00:00:00Z BC",
            "10000-01-01T00:00:00Z", "294276-12-31T00:00:00Z",
        )
    },
    "timestamp is a number": raw(timestamp=1761040800),
    "timestamp is an object": raw(timestamp={"a": 1}),
    "timestamp with \\u0000": raw(timestamp="2025-10-21T10:00:00Z\0"),
    "source with \\u0000": raw(source="a\0b"),
    "source with a lone surrogate": raw(source="\ud800"),
    "payload is a string": raw(payload="text"),
    "payload is an array": raw(payload=[1]),
    "payload is a number": raw(payload=1),
    "payload with \\u0000": raw(payload={"a": "\0"}),
    "payload with \\u0000 in a key": raw(payload={"\0": 1}),
    "payload with a lone surrogate": raw(payload={"a": "\udc00"}),
    "a number beyond numeric": payload('{"a": 1e131072}'),
    "a number with too many places": payload('{"a": 1e-16384}'),
}  # fmt: skip

PROJECTED = {
    "a number beyond float": payload('{"a": 1e400}'),
    "a number that grows to 131,072 digits": payload('{"a": 1e131071}'),
    "a key twice": payload('{"a": 1, "a": 2}'),
    "5,000 digits": payload('{"a": ' + "9" * 5_000 + "}"),
    "nested 5,000 deep": payload('{"a": ' + "[" * 5_000 + "]" * 5_000 + "}"),
    "a megabyte": raw(payload={"a": "x" * 1_000_000}),
    "an empty payload": raw(payload={}),
    "markup": raw(payload={"a": "<script>'; DROP TABLE inbox --"}),
    "a leap second": raw(timestamp="2016-12-31T23:59:60Z"),
    "seven places": raw(timestamp="2025-10-21T10:00:00.1234567Z"),
    "no zone": raw(timestamp="2025-10-21T10:00:00"),
}


def outcomes(connection: Connection) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT event_id, 'projected' FROM events UNION ALL SELECT event_id, 'set aside' FROM quarantine"
        ).fetchall()
    )


@pytest.mark.parametrize(("count", "batch_size"), [(1, 1000), (4, 1)])
def test_each_trap_is_set_aside_or_projected_and_its_neighbours_are_projected(
    database: str, connection: Connection, count: int, batch_size: int
) -> None:
    for number, (name, text) in enumerate([*SET_ASIDE.items(), *PROJECTED.items()]):
        topic = topic_in(number % 4)
        append_events(database, [event(topic, f"before {name}")])
        insert_behind_the_door(connection, [text], topic=topic, event_id=name)
        append_events(database, [event(topic, f"after {name}")])
    project_all(database, count, batch_size=batch_size)
    found = outcomes(connection)
    assert {name for name in SET_ASIDE if found[name] != "set aside"} == set()
    assert {name for name in PROJECTED if found[name] != "projected"} == set()
    neighbours = [outcome for name, outcome in found.items() if name.startswith(("before ", "after "))]
    assert neighbours == ["projected"] * 2 * len([*SET_ASIDE, *PROJECTED])
    assert imbalances(connection) == []


def test_nesting_as_deep_as_the_log_takes_stops_nobody(database: str, connection: Connection) -> None:
    taken = 0
    for depth in (6_000, 10_000, 14_000, 20_000, 100_000):
        deep = payload('{"a": ' + "[" * depth + "]" * depth + "}")
        try:
            insert_behind_the_door(connection, [deep])
        except psycopg.errors.StatementTooComplex:
            break
        taken += 1
    append_events(database, [event()])
    project_all(database)
    assert len(outcomes(connection)) == taken + 1
    assert imbalances(connection) == []


@pytest.mark.parametrize("key", ["topic", "event_id"])
def test_a_key_too_long_for_an_index_is_kept_out_of_the_log(connection: Connection, key: str) -> None:
    # Not compressible: PostgreSQL compresses before it compares with its limit of 2,704 bytes.
    too_long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2_000))
    with pytest.raises(psycopg.errors.CheckViolation):
        insert_behind_the_door(connection, ["{}"], **{key: too_long})


def test_the_quarantine_says_why(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, [raw(timestamp="now"), raw(payload={"a": "\0"})])
    project_all(database)
    rows = connection.execute(
        "SELECT position, sqlstate, cause FROM quarantine WHERE projection = 'core' ORDER BY position"
    ).fetchall()
    assert rows == [
        (1, "22000", "timestamp is no date and time"),
        (2, "22P05", "unsupported Unicode escape sequence"),
    ]


def test_the_first_delivery_that_can_be_digested_is_the_event(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, [raw(timestamp="now"), raw(), raw()], event_id="a")
    project_all(database)
    assert connection.execute("SELECT position, first_position FROM duplicates").fetchall() == [(3, 2)]
    assert connection.execute(
        "SELECT received, unique_processed, duplicate_dropped, quarantined FROM stats"
    ).fetchone() == (3, 1, 1, 1)


def test_after_poison_the_batches_grow_again(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, [raw(timestamp="now")])
    append_events(database, [event(topic_in(0)) for _ in range(10)])
    with workers(database, batch_size=64):
        until(lambda: lag(connection) == 0)
        append_events(database, [event() for _ in range(300)])
        until(lambda: lag(connection) == 0)
    assert scalar(connection, "SELECT max(last - first + 1) FROM steps") == 64
