"""GET /events/{topic}/{event_id} and GET /deliveries/{partition}:{position}."""

import json
from urllib.parse import quote

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.api import running_api
from tests.support.deliveries import insert_behind_the_door
from tests.support.events import event
from tests.support.projecting import project_all
from tests.support.reading import published, wrong_parameters

Connection = psycopg.Connection[TupleRow]


def path_of(topic: str, event_id: str) -> str:
    return f"/events/{quote(topic, safe='')}/{quote(event_id, safe='')}"


def test_an_event_comes_with_its_deliveries_in_log_order(client: httpx2.Client) -> None:
    first = event()
    published(client, [first, event(event_id="another")])
    published(client, [{**first, "payload": {"amount": 1}}, {**first, "timestamp": "2025-10-21T11:00:00Z"}])
    found = client.get(path_of(first["topic"], first["event_id"])).json()
    assert found["payload"] == first["payload"]
    assert [copy["outcome"] for copy in found["deliveries"]] == ["unique", "conflict", "duplicate"]
    positions = [int(copy["delivery"].partition(":")[2]) for copy in found["deliveries"]]
    assert positions == [1, 3, 4]
    assert found["deliveries_complete"] is True
    for copy in found["deliveries"]:
        one = client.get(f"/deliveries/{copy['delivery']}").json()
        assert {name: one[name] for name in copy} == copy


def test_pending_deliveries_are_listed_too(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        client.post("/publish", json=event())
        project_all(database)
        client.post("/publish", json=[event(), event(event_id="new")])
        found = client.get(path_of("payment.notification", "3832d20e7-101")).json()
        assert [copy["outcome"] for copy in found["deliveries"]] == ["unique", "pending"]
        unknown = client.get(path_of("payment.notification", "new"))
        assert (unknown.status_code, unknown.json()["code"]) == (404, "event_pending")
        assert unknown.json()["retryable"] is True


def test_quarantined_deliveries_are_listed_too(database: str, connection: Connection) -> None:
    bad = json.dumps(event(topic="t", event_id="1", timestamp="2025-13-45T10:00:00Z"))
    good = json.dumps(event(topic="t", event_id="1"))
    insert_behind_the_door(connection, [bad], topic="t", event_id="1")
    project_all(database)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        only = client.get("/events/t/1")
        assert (only.status_code, only.json()["code"]) == (404, "event_quarantined")
        insert_behind_the_door(connection, [good, good], topic="t", event_id="1")
        project_all(database)
        found = client.get("/events/t/1").json()
        assert [copy["outcome"] for copy in found["deliveries"]] == ["quarantined", "unique", "duplicate"]


def test_any_key_can_be_asked_for(client: httpx2.Client) -> None:
    keys = [("a/b", "c/d"), ("a", "/"), ("é ☃", "a%2Fb"), ("a?b", "c#d"), ("a+b", "c d"), ("a", "...")]
    published(client, [event(topic=topic, event_id=event_id) for topic, event_id in keys])
    for topic, event_id in keys:
        found = client.get(path_of(topic, event_id))
        assert (found.json()["topic"], found.json()["event_id"]) == (topic, event_id)


NOT_THERE = [
    ("/events/a/b", 404, "event_not_found"),
    ("/events/a/b/c", 404, "not_found"),
    ("/events/a", 404, "not_found"),
    ("/events/a/", 404, "not_found"),
    ("/events//b", 404, "not_found"),
    ("/events/", 404, "not_found"),
    ("/events/a/%ff", 400, "invalid_path"),
    ("/events/a/b%00", 404, "event_not_found"),
    ("/deliveries/0:1", 404, "delivery_not_found"),
    ("/deliveries/9:1", 404, "delivery_not_found"),
    ("/deliveries/0:0", 404, "delivery_not_found"),
    ("/deliveries/99999:1", 404, "delivery_not_found"),
    ("/deliveries/0:9999999999999999999", 404, "delivery_not_found"),
    ("/deliveries/0", 404, "delivery_not_found"),
    ("/nothing", 404, "not_found"),
]


def test_what_is_not_there_is_a_problem(client: httpx2.Client) -> None:
    for path, status, code in NOT_THERE:
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_delivery_is_the_text_as_received(client: httpx2.Client) -> None:
    body = (
        '{ "topic":"a", "event_id":"1","timestamp":"2025-10-21T10:00:00Z",'
        '\n"source":"s","payload":{"n":1.10}, "more":[ 1 ]}'
    )
    headers = {"Content-Type": "application/json", "Prefer": "wait=10"}
    [result] = client.post("/publish", content=body, headers=headers).json()["results"]
    found = client.get(f"/deliveries/{result['delivery']}").json()
    assert list(found) == ["delivery", "topic", "event_id", "received_at", "raw", "outcome"]
    assert (found["raw"], found["outcome"]) == (body, "unique")


def test_a_delivery_is_pending_until_it_is_projected(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        [place] = client.post("/publish", json=event()).json()["deliveries"]
        path = f"/deliveries/{place['partition']}:{place['first']}"
        assert client.get(path).json()["outcome"] == "pending"
        in_vain = client.get(path, headers={"Prefer": "wait=0.05"})
        assert in_vain.json()["outcome"] == "pending"
        assert in_vain.headers["preference-applied"] == "wait=0.05"


def test_one_can_wait_for_a_delivery_to_be_projected(client: httpx2.Client) -> None:
    [place] = client.post("/publish", json=event()).json()["deliveries"]
    answer = client.get(f"/deliveries/{place['partition']}:{place['first']}", headers={"Prefer": "wait=10"})
    assert answer.json()["outcome"] == "unique"


@pytest.mark.parametrize(("topic", "event_id"), [("..", "."), (".", ".."), ("a/b", "c?d&e=f")])
def test_deliveries_are_found_by_any_topic_and_id(client: httpx2.Client, topic: str, event_id: str) -> None:
    one = event(topic=topic, event_id=event_id)
    published(client, [one, event(topic=topic, event_id="another"), one])
    of_it = {"topic": topic, "event_id": event_id}
    [found] = client.get("/events", params=of_it).json()
    listed = client.get("/deliveries", params=of_it)
    assert [copy["outcome"] for copy in listed.json()] == ["unique", "duplicate"]
    assert listed.json()[0]["delivery"] == f"{found['partition']}:{found['position']}"
    assert "link" not in listed.headers
    assert client.get("/deliveries", params={**of_it, "event_id": "never"}).json() == []


def test_an_event_of_many_deliveries_has_them_all_on_pages(client: httpx2.Client) -> None:
    one = event()
    for _ in range(5):
        published(client, [one] * 500)
    page = client.get(path_of(one["topic"], one["event_id"]))
    found = [copy["delivery"] for copy in page.json()["deliveries"]]
    assert page.json()["deliveries_complete"] is False
    while "next" in page.links:
        page = client.get(page.url.join(page.links["next"]["url"]))
        found += [copy["delivery"] for copy in page.json()]
    assert len(found) == len(set(found)) == 2_500
    assert found == sorted(found, key=lambda name: int(name.partition(":")[2]))
    few = client.get("/deliveries", params={"topic": one["topic"], "event_id": one["event_id"], "limit": 2})
    assert len(few.json()) == 2


def test_wrong_parameters_of_deliveries_are_named(client: httpx2.Client) -> None:
    assert wrong_parameters(client.get("/deliveries")) == ["/topic", "/event_id"]
    good = "topic=a&event_id=b"
    for wrong in ("after=3", "after=99999:1", "after=0:0", "limit=0", "limit=1001", "topic=c"):
        assert wrong_parameters(client.get(f"/deliveries?{good}&{wrong}")) == [f"/{wrong.partition('=')[0]}"]
    assert wrong_parameters(client.get("/deliveries?topic=a*&event_id=b")) == ["/topic"]
    answers = {client.get(f"/deliveries?{good}&after={partition}:1").status_code for partition in range(4)}
    assert answers == {200, 422}
