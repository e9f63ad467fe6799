"""POST /quarantine/{delivery}/retry, and GET /quarantine/retries, which tells what came late."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.services import retry_subprocess as retrying
from tests.support.api import running_api
from tests.support.reading import wrong_parameters
from tests.support.setting_aside import TOPIC, bad, break_tables, good, set_aside

Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def client(database: str, connection: Connection) -> Iterator[httpx2.Client]:
    """Serve a log whose first and fourth delivery are in quarantine, and could be projected now."""
    set_aside(database, connection, [bad("a"), good("a"), good("b"), bad("c")])
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=60) as opened:
        yield opened


def test_a_retried_event_reads_as_if_it_had_never_been_away(client: httpx2.Client) -> None:
    answer = client.post("/quarantine/1:1/retry")
    assert answer.status_code == 200, answer.text
    assert [(each["projection"], each["delivery"], each["outcome"]) for each in answer.json()] == [
        ("core", "1:1", "unique"),
    ]
    event = client.get(f"/events/{TOPIC}/a").json()
    assert (event["position"], event["timestamp"]) == (1, "2031-05-05T05:05:00.000Z")
    assert [copy["outcome"] for copy in event["deliveries"]] == ["unique", "duplicate"]
    assert client.get("/deliveries/1:2").json()["outcome"] == "duplicate"
    counts = client.get("/stats").json()
    assert (counts["unique_processed"], counts["duplicate_dropped"], counts["quarantined"]) == (2, 1, 1)
    assert counts["balanced"] is True
    assert [each["position"] for each in client.get("/events?order=position").json()] == [1, 3]
    again = client.post("/quarantine/1:1/retry")
    assert (again.status_code, again.json()["code"]) == (404, "not_quarantined")


def test_what_came_late_is_told_in_order(client: httpx2.Client) -> None:
    assert client.get("/quarantine/retries").json() == []
    client.post("/quarantine/1:4/retry?projection=core")
    client.post("/quarantine/1:1/retry?projection=core")
    told = client.get("/quarantine/retries").json()
    assert [(each["number"], each["event_id"], each["deliveries"]) for each in told] == [
        (1, "c", ["1:4"]),
        (2, "a", ["1:1", "1:2"]),
    ]
    assert [each["number"] for each in client.get("/quarantine/retries?after=1").json()] == [2]
    assert client.get("/quarantine/retries?projection=timeline").json() == []


def test_what_fails_again_says_why_and_stays(client: httpx2.Client, connection: Connection) -> None:
    break_tables(connection)
    (result,) = client.post("/quarantine/1:1/retry?projection=core").json()
    assert (result["outcome"], "no_bad_moment" in result["cause"]) == ("quarantined", True)
    assert client.get("/deliveries/1:1").json()["outcome"] == "quarantined"


def test_what_is_not_there_is_404_and_what_is_wrong_422(client: httpx2.Client) -> None:
    for delivery in ("1:2", "1:999", "99:1", "nonsense"):
        assert client.post(f"/quarantine/{delivery}/retry").status_code == 404
    assert wrong_parameters(client.post("/quarantine/1:1/retry?nosuch=1"))
    assert wrong_parameters(client.get("/quarantine/retries?after=-1"))


def test_few_retries_run_at_once_and_others_are_told_to_wait(
    client: httpx2.Client, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "TURN_SECONDS_MAX", 0.3)
    with psycopg.connect(database) as holder, ThreadPoolExecutor(3) as asking:
        # Whoever plays an event again waits for the claim of its partition.
        holder.execute("SELECT FROM claims FOR UPDATE")
        asked = [
            asking.submit(client.post, f"/quarantine/{delivery}/retry?projection=core")
            for delivery in ("1:1", "1:4", "1:1")
        ]
        [refused] = wait(asked, return_when=FIRST_COMPLETED).done
        problem = refused.result().json()
        assert (refused.result().status_code, problem["code"]) == (503, "retries_busy")
        assert "retry-after" in refused.result().headers
        holder.rollback()
    assert sorted(each.result().status_code for each in asked if each is not refused)[0] == 200


def test_a_body_says_nothing_to_a_retry(client: httpx2.Client) -> None:
    answer = client.post("/quarantine/1:1/retry", json={"projection": "core"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unexpected_body")
    assert client.get("/deliveries/1:1").json()["outcome"] == "quarantined"
    cancel = client.request("DELETE", "/operations/x", content=b"{}")
    assert (cancel.status_code, cancel.json()["code"]) == (422, "unexpected_body")
