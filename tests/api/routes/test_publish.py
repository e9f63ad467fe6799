"""POST /publish in all its forms: what is answered, and what is in the log then."""

import json
import uuid
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.events import event

Connection = psycopg.Connection[TupleRow]
NDJSON = {"content-type": "application/x-ndjson"}


def logged(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute("SELECT topic, event_id, raw::text FROM inbox ORDER BY partition, position")
    return rows.fetchall()


def test_one_event_is_accepted_and_stored_to_the_byte(client: httpx2.Client, connection: Connection) -> None:
    body = (
        '{ "topic":"a.b", "event_id":"é 1","timestamp":"2025-10-21T10:00:00.000Z",\n\t'
        '"source":"s","payload":{"n":1.10, "q":"\\"\\\\"} }'
    )
    answer = client.post("/publish", content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted["status"] == "accepted"
    assert accepted["accepted"] == 1
    [place] = accepted["deliveries"]
    assert (place["first"], place["last"]) == (1, 1)
    assert logged(connection) == [("a.b", "é 1", body)]


@pytest.mark.parametrize("path", ["/publish", "/publish/batch"])
@pytest.mark.parametrize("form", ["array", "envelope", "ndjson"])
def test_every_form_of_a_batch_is_accepted(
    client: httpx2.Client, connection: Connection, path: str, form: str
) -> None:
    events = [event(event_id=f"e{number}") for number in range(5)]
    if form == "ndjson":
        answer = client.post(path, content="\n".join(map(json.dumps, events)) + "\n", headers=NDJSON)
    else:
        answer = client.post(path, json=events if form == "array" else {"events": events})
    assert answer.status_code == 202, answer.text
    [place] = answer.json()["deliveries"]
    assert (place["first"], place["last"]) == (1, 5)
    assert [row[1] for row in logged(connection)] == ["e0", "e1", "e2", "e3", "e4"]


def test_deliveries_name_every_partition_of_a_batch(client: httpx2.Client, connection: Connection) -> None:
    events = [event(topic=f"topic-{number}", event_id=str(number)) for number in range(40)]
    places = client.post("/publish", json=events).json()["deliveries"]
    assert len(places) == 4
    rows = connection.execute(
        "SELECT partition, min(position), max(position) FROM inbox GROUP BY 1 ORDER BY 1"
    )
    assert [(p["partition"], p["first"], p["last"]) for p in places] == rows.fetchall()


def test_a_request_id_that_is_given_is_kept_with_the_delivery(
    client: httpx2.Client, connection: Connection
) -> None:
    request_id = str(uuid.uuid4())
    traced = {
        "x-request-id": request_id,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    answer = client.post("/publish", json=event(), headers=traced)
    assert answer.headers["x-request-id"] == request_id
    [row] = connection.execute("SELECT request_id, headers ->> 'traceparent' FROM inbox").fetchall()
    assert (str(row[0]), row[1]) == (request_id, traced["traceparent"])


def test_every_answer_carries_a_request_id(client: httpx2.Client) -> None:
    for answer in (client.get("/nowhere"), client.get("/publish"), client.post("/publish", json=event())):
        uuid.UUID(answer.headers["x-request-id"])


def test_wait_says_what_became_of_each_event(client: httpx2.Client) -> None:
    prefer = {"prefer": "wait=10"}
    first = client.post("/publish", json=event(), headers=prefer)
    assert first.status_code == 200, first.text
    assert [result["outcome"] for result in first.json()["results"]] == ["unique"]
    again = client.post(
        "/publish",
        json=[
            event(timestamp="2030-01-01T00:00:00Z"),  # a retry with another time is no conflict
            event(payload={"amount": 1}),
            event(source="somebody else"),
            event(event_id="other"),
        ],
        headers=prefer,
    )
    assert again.status_code == 200
    results = again.json()["results"]
    assert [result["outcome"] for result in results] == ["duplicate", "conflict", "conflict", "unique"]
    partition = first.json()["deliveries"][0]["partition"]
    assert [result["delivery"] for result in results] == [
        f"{partition}:{position}" for position in range(2, 6)
    ]


def test_preferences_may_stand_in_several_headers(client: httpx2.Client) -> None:
    headers = [("prefer", "wait=20"), ("prefer", "handling=lenient")]
    answer = client.post("/publish", json=[event(), 5], headers=headers)
    assert answer.status_code == 200, answer.text
    assert [rejected["index"] for rejected in answer.json()["rejected"]] == [1]
    delivery = answer.json()["results"][0]["delivery"]
    several = [("prefer", "wait=1"), ("prefer", "return=minimal")]
    waited = client.get(f"/deliveries/{delivery}", headers=several)
    assert waited.headers["preference-applied"] == "wait=1"


def test_wait_answers_202_when_the_time_runs_out(database: str) -> None:
    from tests.support.api import running_api

    with running_api(database, workers=0) as url:
        answer = httpx2.post(f"{url}/publish", json=event(), headers={"prefer": "wait=0.2"})
    assert answer.status_code == 202
    assert "results" not in answer.json()


def test_a_batch_with_one_bad_event_leaves_nothing(client: httpx2.Client, connection: Connection) -> None:
    answer = client.post("/publish", json=[event(), event(event_id=""), event(topic="a*", timestamp="soon")])
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/1/event_id",
        "/2/topic",
        "/2/timestamp",
    ]
    assert logged(connection) == []


def test_lenient_takes_the_good_and_names_the_bad(client: httpx2.Client, connection: Connection) -> None:
    events = [event(event_id="a"), event(event_id=""), event(event_id="c", payload={"x": "\0"})]
    answer = client.post("/publish", json=events, headers={"prefer": "handling=lenient"})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert [fault["index"] for fault in answer.json()["rejected"]] == [1, 2]
    assert [row[1] for row in logged(connection)] == ["a"]


def test_lenient_with_nothing_good_is_refused(client: httpx2.Client, connection: Connection) -> None:
    answer = client.post("/publish", json=[event(event_id="")], headers={"prefer": "handling=lenient"})
    assert answer.status_code == 422
    assert logged(connection) == []


PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("parent", "state", "kept"),
    [
        (PARENT, "congo=t61rcWkgMzE", {"traceparent": PARENT, "tracestate": "congo=t61rcWkgMzE"}),
        (PARENT, "x=" + "y" * 510, {"traceparent": PARENT, "tracestate": "x=" + "y" * 510}),
        (PARENT, "x=" + "y" * 511, {"traceparent": PARENT}),
        (PARENT.upper(), "a=b", None),
        (
            "01" + PARENT[2:] + "-more",
            "a=b",
            {"traceparent": "01" + PARENT[2:] + "-more", "tracestate": "a=b"},
        ),
        (PARENT + "-more", "a=b", None),
        ("ff" + PARENT[2:], "a=b", None),
        (PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), "a=b", None),
        (PARENT.replace("00f067aa0ba902b7", "0" * 16), "a=b", None),
        ("x" * 10_000, "a=b", None),
        ("", "a=b", None),
    ],
)
def test_a_trace_context_is_kept_as_far_as_its_rules_go(
    client: httpx2.Client, connection: Connection, parent: str, state: str, kept: dict[str, str] | None
) -> None:
    """It stands with each event, so its size is multiplied by their number."""
    answer = client.post("/publish", json=event(), headers={"traceparent": parent, "tracestate": state})
    assert answer.status_code == 202
    assert connection.execute("SELECT headers FROM inbox").fetchone() == (kept,)


def test_a_trace_context_is_shown_with_delivery_and_event(client: httpx2.Client) -> None:
    traced = {"traceparent": PARENT, "tracestate": "congo=t61rcWkgMzE"}
    client.post("/publish", json=event(), headers={**traced, "prefer": "wait=10"})
    client.post("/publish", json=event(), headers={"prefer": "wait=10"})
    one = event()
    listed = client.get("/deliveries", params={"topic": one["topic"], "event_id": one["event_id"]}).json()
    assert [each.get("traceparent") for each in listed] == [PARENT, None]
    assert "traceparent" not in listed[1]
    shown = client.get(f"/deliveries/{listed[0]['delivery']}").json()
    assert {name: shown[name] for name in traced} == traced
    found = client.get(f"/events/{one['topic']}/{one['event_id']}").json()
    assert [each.get("traceparent") for each in found["deliveries"]] == [PARENT, None]


def test_of_many_bad_events_something_is_told_of_each(client: httpx2.Client) -> None:
    answer = client.post("/publish", json=[*[{}] * 3_000, event()], headers={"prefer": "handling=lenient"})
    rejected = [fault["index"] for fault in answer.json()["rejected"]]
    assert set(rejected) == set(range(3_000))
    assert len(rejected) < 4_000
