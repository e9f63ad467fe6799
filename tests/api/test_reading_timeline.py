"""GET /timeline."""

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.deliveries import insert_behind_the_door
from tests.support.projecting import lag
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def filled(client: httpx2.Client, connection: Connection) -> httpx2.Client:
    """Return a client of a log with deliveries of two topics on two days."""
    times = ("21T10:00:00", "21T10:00:59.999999", "21T10:01:00", "21T11:30:00", "22T00:00:00")
    for topic, time in (*(("a.x", time) for time in times), ("a.y", "21T10:00:30")):
        insert_behind_the_door(connection, ["{}"], topic=topic, received_at=f"2025-10-{time}Z")
    until(lambda: lag(connection) == 0)
    return client


def counts(client: httpx2.Client, **parameters: str | int) -> list[tuple[str, str, int]]:
    answer = client.get("/timeline", params=parameters)
    assert answer.status_code == 200, answer.text
    return [(row["topic"], row["start"][8:16], row["received"]) for row in answer.json()["counts"]]


def test_each_delivery_counts_in_the_minute_of_its_receipt(filled: httpx2.Client) -> None:
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
    assert [(start, received) for _, start, received in counts(filled, **parameters)] == expected


def test_a_limit_says_that_there_is_more(filled: httpx2.Client) -> None:
    for limit, complete in ((4, False), (5, True)):
        answer = filled.get("/timeline", params={"limit": limit}).json()
        assert (len(answer["counts"]), answer["complete"]) == (limit, complete)


def test_wrong_parameters_are_refused_by_name(client: httpx2.Client) -> None:
    answer = client.get("/timeline?bucket=week&limit=0&until=yesterday")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/bucket", "/limit", "/until"]


def test_it_adds_up_to_what_was_received(filled: httpx2.Client) -> None:
    assert sum(received for _, _, received in counts(filled)) == filled.get("/stats").json()["received"]
