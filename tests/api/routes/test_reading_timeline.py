"""GET /timeline."""

from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.log.partitions import partition_of
from tests.support.api import running_api
from tests.support.deliveries import insert_behind_the_door
from tests.support.postgres import PARTITIONS, at_database, cloned_database
from tests.support.projecting import project_all


@pytest.fixture(scope="module")
def log(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Return the address of a log with deliveries of two topics on two days, all of them projected."""
    times = ("21T10:00:00", "21T10:00:59.999999", "21T10:01:00", "21T11:30:00", "22T00:00:00")
    assert partition_of("a.x", PARTITIONS) != partition_of("a.y", PARTITIONS), "no receipt is before another"
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        with psycopg.connect(dsn, autocommit=True) as connection:
            for topic, time in (*(("a.x", time) for time in times), ("a.y", "21T10:00:30")):
                insert_behind_the_door(connection, ["{}"], topic=topic, received_at=f"2025-10-{time}Z")
        project_all(dsn)
        yield dsn


@pytest.fixture(scope="module")
def filled(log: str) -> Iterator[httpx2.Client]:
    """Serve it to all tests, which only read."""
    with running_api(log) as url, httpx2.Client(base_url=url, timeout=15) as client:
        yield client


@pytest.fixture
def nothing_projected(log: str) -> Iterator[None]:
    """Have no projection live, meanwhile."""
    with psycopg.connect(log, autocommit=True) as connection:
        live = connection.execute("SELECT live_version, name FROM projections").fetchall()
        connection.execute("UPDATE projections SET live_version = NULL")
        yield
        connection.cursor().executemany("UPDATE projections SET live_version = %s WHERE name = %s", live)


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


def test_all_topics_together_cost_the_buckets_alone(filled: httpx2.Client, nothing_projected: None) -> None:
    """As the log has them: also what is not projected, also when nothing is."""

    def together(**parameters: str | int) -> tuple[list[tuple[str, int]], bool]:
        answer = filled.get("/timeline", params={"by": "time", **parameters}).json()
        assert "counts" in answer, answer
        assert all(list(row) == ["start", "received"] for row in answer["counts"])
        return [(row["start"][8:16], row["received"]) for row in answer["counts"]], answer["complete"]

    by_hour = [("21T10:00", 4), ("21T11:00", 1), ("22T00:00", 1)]
    assert together(bucket="hour") == (by_hour, True)
    assert together(bucket="hour", order="desc") == (by_hour[::-1], True)
    assert together(bucket="day") == ([("21T00:00", 5), ("22T00:00", 1)], True)
    # 15 hours from the first bucket to the last.
    assert together(bucket="hour", limit=15) == (by_hour, True)
    assert together(bucket="hour", limit=14) == (by_hour[:2], False)
    assert together(bucket="hour", limit=14, order="desc") == (by_hour[:0:-1], False)
    assert together(bucket="hour", since="2025-10-21T11:59:00Z") == (by_hour[1:], True)
    assert together(bucket="hour", until="2025-10-21T11:00:00Z") == (by_hour[:1], True)
    assert together(since="2025-10-23T00:00:00Z") == ([], True)
    assert together(until="1970-01-01T00:00:00Z") == ([], True)


def test_topics_of_a_prefix_together(filled: httpx2.Client) -> None:
    answer = filled.get("/timeline?by=time&topic=a.*&bucket=day&order=desc").json()
    assert [(row["start"][8:10], row["received"]) for row in answer["counts"]] == [("22", 1), ("21", 5)]


def test_the_newest_come_first_and_the_oldest_are_cut_off(filled: httpx2.Client) -> None:
    assert counts(filled, order="desc", limit=3) == [
        ("a.x", "22T00:00", 1),
        ("a.x", "21T11:30", 1),
        ("a.x", "21T10:01", 1),
    ]


def test_a_limit_says_that_there_is_more(filled: httpx2.Client) -> None:
    for limit, complete in ((4, False), (5, True)):
        answer = filled.get("/timeline", params={"limit": limit}).json()
        assert (len(answer["counts"]), answer["complete"]) == (limit, complete)


def test_wrong_parameters_are_refused_by_name(filled: httpx2.Client) -> None:
    answer = filled.get("/timeline?bucket=week&limit=0&until=yesterday")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/bucket", "/limit", "/until"]


def test_it_adds_up_to_what_was_received(filled: httpx2.Client) -> None:
    assert sum(received for _, _, received in counts(filled)) == filled.get("/stats").json()["received"]
