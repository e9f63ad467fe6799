"""GET /timeline."""

from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.events import event
from tests.support.projecting import lag
from tests.support.reading import published
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def at(topic: str, event_id: str, time: str) -> dict[str, Any]:
    return event(topic=topic, event_id=event_id, timestamp=f"2025-10-{time}Z")


@pytest.fixture
def filled(client: httpx2.Client, connection: Connection) -> httpx2.Client:
    """Return a client of a log with events of two topics on two days, some delivered twice."""
    events = [
        at("a.x", "1", "21T10:00:00"),
        at("a.x", "2", "21T10:00:59.999999"),
        at("a.x", "3", "21T10:01:00"),
        at("a.x", "4", "21T11:30:00"),
        at("a.x", "5", "22T00:00:00"),
        at("a.y", "1", "21T10:00:30"),
    ]
    published(client, [*events, *events[:3]])
    until(lambda: lag(connection) == 0)
    return client


def counts(client: httpx2.Client, **parameters: str | int) -> list[tuple[str, str, int]]:
    answer = client.get("/timeline", params=parameters)
    assert answer.status_code == 200, answer.text
    return [(row["topic"], row["start"][8:16], row["events"]) for row in answer.json()["counts"]]


def test_each_event_counts_once_in_the_minute_of_its_own_time(filled: httpx2.Client) -> None:
    assert counts(filled) == [
        ("a.x", "21T10:00", 2),
        ("a.y", "21T10:00", 1),
        ("a.x", "21T10:01", 1),
        ("a.x", "21T11:30", 1),
        ("a.x", "22T00:00", 1),
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"bucket": "hour", "topic": "a.x"}, [("21T10:00", 3), ("21T11:00", 1), ("22T00:00", 1)]),
        ({"bucket": "day", "topic": "a.x"}, [("21T00:00", 4), ("22T00:00", 1)]),
        (
            {"bucket": "day", "topic": "a.*", "until": "2025-10-22T00:00:00Z"},
            [("21T00:00", 4), ("21T00:00", 1)],
        ),
        ({"topic": "a.x", "since": "2025-10-21T11:30:30Z"}, [("21T11:30", 1), ("22T00:00", 1)]),
        ({"topic": "a.x", "until": "2025-10-21T10:01:00Z"}, [("21T10:00", 2)]),
        ({"topic": "a.x", "until": "2025-10-21T10:01:01Z"}, [("21T10:00", 2), ("21T10:01", 1)]),
        ({"topic": "b"}, []),
    ],
)
def test_buckets_are_whole(
    filled: httpx2.Client, parameters: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    assert [(start, events) for _, start, events in counts(filled, **parameters)] == expected


def test_a_limit_says_that_there_is_more(filled: httpx2.Client) -> None:
    for limit, complete in ((4, False), (5, True)):
        answer = filled.get("/timeline", params={"limit": limit}).json()
        assert (len(answer["counts"]), answer["complete"]) == (limit, complete)


def test_wrong_parameters_are_refused_by_name(client: httpx2.Client) -> None:
    answer = client.get("/timeline?bucket=week&limit=0&until=yesterday")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/bucket", "/limit", "/until"]


def test_it_adds_up_to_the_unique_events(filled: httpx2.Client) -> None:
    assert sum(events for _, _, events in counts(filled)) == filled.get("/stats").json()["unique_processed"]
