"""CloudEvents over HTTP: published structured, in batches and in headers, and read again as CloudEvents."""

import json
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.events import event

Connection = psycopg.Connection[TupleRow]

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/shop/7",
    "type": "com.example.order.created",
    "time": "2026-01-02T03:04:05.123456789Z",
    "datacontenttype": "application/json",
    "ext": "é",
    "data": {"total": 1.50, "items": [1, 2]},
}
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "A-1",
    "ce-source": "/shop/7",
    "ce-type": "com.example.order.created",
    "ce-time": "2026-01-02T03:04:05.123456789Z",
    "ce-ext": "%C3%A9",
    "content-type": "application/json",
}


def post(client: httpx2.Client, content: Any, kind: str, **more: str) -> httpx2.Response:
    return client.post("/publish", content=json.dumps(content), headers={"content-type": kind, **more})


def test_one_event_sent_in_three_ways_is_one_event_and_no_conflict(
    client: httpx2.Client, connection: Connection
) -> None:
    assert post(client, EVENT, STRUCTURED).status_code == 202
    assert post(client, [EVENT, EVENT], f"{BATCH}; charset=UTF-8").json()["accepted"] == 2
    content = b'{ "items":[1,2.0], "total":1.5 }'
    answer = client.post("/publish", content=content, headers={**HEADERS, "prefer": "wait=10"})
    assert [result["outcome"] for result in answer.json()["results"]] == ["duplicate"]
    [row] = client.get("/events").json()
    assert (row["topic"], row["event_id"]) == ("com.example.order.created", "/shop/7 A-1")
    assert row["payload"] == EVENT["data"]
    assert row["timestamp"] == "2026-01-02T03:04:05.123456Z"
    assert client.get("/stats").json()["conflicts"] == 0
    assert connection.execute("SELECT DISTINCT format FROM inbox").fetchall() == [(2,)]


def test_it_is_read_again_as_it_came_in(client: httpx2.Client) -> None:
    text = {**EVENT, "id": "A-2", "datacontenttype": "text/plain", "data": "hi"}
    post(client, [EVENT, text], BATCH, prefer="wait=10")
    answer = client.get("/events", headers={"accept": BATCH})
    assert answer.headers["content-type"] == BATCH
    assert answer.headers["eventlog-cursor"]
    assert answer.json() == [EVENT, text]
    assert client.get("/events?limit=1", headers={"accept": BATCH}).links["next"]


def test_an_event_of_our_own_form_is_read_as_a_cloudevent_too(client: httpx2.Client) -> None:
    sent = event(source="payment gateway ä", cloudevent={"specversion": "9"})
    client.post("/publish", json=sent, headers={"prefer": "wait=10"})
    assert client.get("/events", headers={"accept": BATCH}).json() == [
        {
            "specversion": "1.0",
            "id": sent["event_id"],
            "source": "payment%20gateway%20%C3%A4",
            "type": sent["topic"],
            "time": client.get("/events").json()[0]["timestamp"],
            "datacontenttype": "application/json",
            "data": sent["payload"],
        }
    ]


def test_an_empty_batch_is_no_fault(client: httpx2.Client, connection: Connection) -> None:
    answer = post(client, [], BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        ([EVENT], STRUCTURED, 422, "not_an_event"),
        (EVENT, BATCH, 422, "invalid_envelope"),
        ({**EVENT, "specversion": "0.3"}, STRUCTURED, 422, "invalid_field"),
        (EVENT, f"{STRUCTURED}; charset=latin1", 415, "unsupported_charset"),
        (EVENT, "application/cloudevents+avro", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_cloudevent_is_refused(
    client: httpx2.Client, content: Any, kind: str, status: int, code: str
) -> None:
    answer = post(client, content, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_header_that_comes_twice_names_no_event(client: httpx2.Client) -> None:
    answer = client.post("/publish", content=b"{}", headers=[*HEADERS.items(), ("ce-id", "A-2")])
    assert (answer.status_code, answer.json()["code"]) == (422, "duplicate_key")


def test_a_large_batch_is_taken_too(client: httpx2.Client) -> None:
    batch = [{**EVENT, "id": str(number)} for number in range(500)]
    assert post(client, batch, BATCH, prefer="wait=10").json()["accepted"] == 500
    assert client.get("/stats").json()["unique_processed"] == 500


def test_a_sender_that_asks_first_is_let(client: httpx2.Client) -> None:
    answer = client.options("/publish", headers={"webhook-request-origin": "sender.example"})
    assert answer.is_success
    assert answer.headers["webhook-allowed-origin"] == "*"
    assert "POST" in answer.headers["allow"]
