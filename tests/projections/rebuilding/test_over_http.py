"""Rebuild and verify over HTTP: begun, watched, refused, cancelled."""

from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest

from api.services import operations
from projections.drop import drop
from projections.operations import operation
from tests.support.api import running_api
from tests.support.deliveries import append_events, event, topic_in
from tests.support.projecting import lag
from tests.support.waiting import until


@pytest.fixture
def client(database: str) -> Iterator[httpx2.Client]:
    """Return a client of an API with one worker, over a log that is projected."""
    append_events(database, [event(topic_in(n % 4)) for n in range(100)])
    with (
        running_api(database) as url,
        httpx2.Client(base_url=url, timeout=15) as opened,
        psycopg.connect(database, autocommit=True) as observer,
    ):
        until(lambda: lag(observer) == 0)
        yield opened


def ended(client: httpx2.Client, location: str) -> dict[str, Any]:
    """Wait for the end of an operation; return it."""

    def end() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(location).json()
        return None if found["state"] == "running" else found

    result = until(end, deadline_seconds=30)
    assert result is not None
    return result


def received(client: httpx2.Client) -> int:
    return int(client.get("/stats").json()["received"])


def test_a_rebuild_is_begun_and_watched_to_its_end(client: httpx2.Client) -> None:
    before, total = client.get("/stats").json(), received(client)
    begun = client.post("/projections/core/rebuild?workers=2&verify=true")
    assert begun.status_code == 202, begun.text
    found = ended(client, begun.headers["location"])
    assert (found["kind"], found["projection"], found["state"]) == ("rebuild", "core", "done")
    assert (found["done"], found["total"], found["error"]) == (total, total, None)
    assert found["detail"]["version"] == 2
    assert client.get("/projections/core").json()["version"] == 2
    assert client.get("/stats").json()["unique_processed"] == before["unique_processed"]


def test_what_is_live_and_how_far_it_is(client: httpx2.Client) -> None:
    rows = {row["name"]: row for row in client.get("/projections").json()}
    assert {"core", "timeline"} <= set(rows)
    core = rows["core"]
    assert (core["state"], core["version"], core["fits"], core["lag_deliveries"]) == ("live", 1, True, 0)
    assert sum(place["checkpoint"] for place in core["partitions"]) == received(client)
    assert core["operation"] is None


def test_a_verification_says_that_nothing_differs(client: httpx2.Client) -> None:
    begun = client.post("/projections/core/verify")
    found = ended(client, begun.headers["location"])
    assert (found["state"], found["result"], found["detail"]["differing"]) == ("done", "equal", [])
    assert found["detail"]["deliveries"] == received(client)


def test_a_verification_that_finds_a_difference_says_so_in_a_word(
    client: httpx2.Client, superuser_dsn: str
) -> None:
    with psycopg.connect(superuser_dsn) as somebody:
        somebody.execute("UPDATE core_1.events SET source = 'another'")
    found = ended(client, client.post("/projections/core/verify").headers["location"])
    assert (found["state"], found["result"]) == ("done", "differs")
    listed = client.get("/operations").json()
    assert [each["id"] for each in listed] == [found["id"]]
    assert listed[0]["result"] == "differs"
    second = ended(client, client.post("/projections/timeline/verify").headers["location"])
    assert [each["id"] for each in client.get("/operations").json()] == [second["id"], found["id"]]
    assert [each["id"] for each in client.get("/operations?projection=core").json()] == [found["id"]]
    assert len(client.get("/operations?limit=1").json()) == 1


@pytest.mark.parametrize("what", ["rebuild", "verify"])
def test_what_is_wanted_is_not_said_in_a_body(client: httpx2.Client, what: str) -> None:
    for content in (b'{"in_place": true}', iter([b"{}"])):
        refused = client.post(f"/projections/core/{what}", content=content)
        assert (refused.status_code, refused.json()["code"]) == (422, "unexpected_body")
    assert client.get("/projections/core").json()["operation"] is None


def test_a_second_change_of_the_same_projection_is_refused_by_name(
    database: str, client: httpx2.Client
) -> None:
    with operation(database, "rebuild", "core") as first:
        refused = client.post("/projections/core/rebuild")
        assert (refused.status_code, refused.json()["code"]) == (409, "operation_running")
        assert str(first.id) in refused.json()["detail"]
        assert client.get("/projections/core").json()["state"] == "rebuilding"
        assert client.delete(f"/operations/{first.id}").status_code == 202
        with pytest.raises(Exception, match="cancelled"):
            first.report("filling", 0, 0)


def test_no_more_are_under_way_in_a_process_than_may(
    database: str, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "AT_ONCE_MAX", 1)
    with psycopg.connect(database) as gate:
        # Nothing is switched while somebody migrates.
        gate.execute("SELECT pg_advisory_xact_lock(hashtextextended('eventlog.migrate', 0))")
        first = client.post("/projections/core/rebuild")
        assert first.status_code == 202, first.text
        for what in ("rebuild", "verify"):
            refused = client.post(f"/projections/timeline/{what}")
            assert (refused.status_code, refused.json()["code"]) == (503, "operations_busy")
            assert (refused.json()["retryable"], refused.headers["retry-after"]) == (True, "30")
        assert client.get("/projections/timeline").json()["operation"] is None
    assert ended(client, first.headers["location"])["state"] == "done"
    second = client.post("/projections/timeline/verify")
    assert ended(client, second.headers["location"])["state"] == "done"


def test_an_operation_whose_session_is_gone_has_failed(database: str, client: httpx2.Client) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO operations (id, kind, projection, backend_pid, backend_started_at)"
            " VALUES ('00000000-0000-0000-0000-000000000001', 'rebuild', 'core', 1, now())"
        )
    found = client.get("/operations/00000000-0000-0000-0000-000000000001").json()
    assert (found["state"], found["error"]) == ("failed", "its process ended")
    again = client.post("/projections/core/rebuild")
    assert ended(client, again.headers["location"])["state"] == "done"


def test_a_dropped_projection_says_so_until_it_is_rebuilt(database: str, client: httpx2.Client) -> None:
    before = client.get("/stats").json()["unique_processed"]
    assert drop(database, "core").was_live
    assert client.get("/projections/core").json()["state"] == "dropped"
    for path in ("/stats", "/events", "/events/order.created/x"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "projection_dropped"), path
    refused = client.post("/projections/core/verify")
    assert (refused.status_code, refused.json()["code"]) == (503, "projection_dropped")
    begun = client.post("/projections/core/rebuild")
    assert ended(client, begun.headers["location"])["state"] == "done"
    assert client.get("/stats").json()["unique_processed"] == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/projections/nosuch/rebuild", 404),
        ("POST", "/projections/nosuch/verify", 404),
        ("GET", "/projections/nosuch", 404),
        ("GET", "/operations/nosuch", 404),
        ("GET", "/operations/00000000-0000-0000-0000-00000000000f", 404),
        ("DELETE", "/operations/00000000-0000-0000-0000-00000000000f", 404),
        ("POST", "/projections/core/rebuild?workers=0", 422),
        ("POST", "/projections/core/rebuild?verify=yes", 422),
        ("POST", "/projections/core/rebuild?nosuch=1", 422),
    ],
)
def test_what_is_wrong_is_refused(client: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
