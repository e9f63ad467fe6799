"""Accept and Content-Type: JSON Lines by any name, weights, and what there is where nothing fits."""

import json

import httpx2
import pytest

from api.http.negotiation import EVENT_STREAM, JSON, LINES, preferred
from tests.support.events import event
from tests.support.reading import at_second, published

NAMES = [
    *("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl"),
    *(
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-lines",
        "application/x-json-lines",
    ),
    *("application/x-ldjson", "text/x-ndjson", "text/jsonl", "Application/JSONL; charset=utf-8"),
]


@pytest.mark.parametrize(
    ("accept", "liked"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html, image/gif, *; q=.2, */*; q=.2", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/*", JSON),
        (LINES, LINES),
        ("application/jsonl, */*;q=0.1", "application/jsonl"),
        ("application/json;q=0.5, application/x-ndjson", LINES),
        ("application/x-ndjson;q=0.5, application/json", JSON),
        ("application/x-ndjson, application/json", LINES),
        ("application/json, application/x-ndjson", JSON),
        ("*/*, application/x-ndjson;q=0.1", JSON),
        ("application/json;q=0, */*", LINES),
        ("application/json ; q = 0 , */*", JSON),  # no weight has blanks around its equals sign
        ("application/x-ndjson;q=0.000", JSON),
        ("application/json;q=0", LINES),
        ("application/x-ndjson;q=nan, application/json;q=0.9", LINES),
        ("application/x-ndjson;q=1e999;q=7", LINES),
        (",, ,application/x-ndjson,", LINES),
        ("text/csv", None),
        ("text/*", None),
        ("application/xml, text/csv;q=0.3", None),
        ("application", None),
        ("application/vnd.api+json", None),
    ],
)
def test_the_form_is_the_one_that_the_client_likes_best(accept: str, liked: str | None) -> None:
    assert preferred(accept, (JSON, LINES)) == liked


@pytest.mark.parametrize("name", NAMES)
def test_json_lines_go_by_any_of_their_names(name: str, client: httpx2.Client) -> None:
    body = "".join(json.dumps(event(event_id=str(n))) + "\n" for n in range(120))
    answer = client.post("/publish", content=body, headers={"Content-Type": name, "Prefer": "wait=10"})
    assert (answer.status_code, len(answer.json()["results"])) == (200, 120)
    kind = name.partition(";")[0].lower()
    found = client.get("/events", headers={"Accept": name})
    assert found.headers["content-type"].partition(";")[0] == kind
    assert len(found.text.splitlines()) == 120
    with client.stream("GET", "/events/stream?from=start", headers={"Accept": name}) as stream:
        assert stream.headers["content-type"] == kind
        lines = stream.iter_lines()
        assert list(json.loads(next(lines))) == ["cursor"]
        assert json.loads(next(lines))["event_id"] == "0"


@pytest.mark.parametrize(
    ("path", "accept", "offered"),
    [
        ("/events", "text/event-stream", [JSON, LINES]),
        ("/events/stream", JSON, [EVENT_STREAM, LINES]),
        ("/stats", LINES, [JSON]),
        ("/quarantine", "text/csv", [JSON]),
        ("/events/payment.notification/1", "application/xml", [JSON]),
    ],
)
def test_who_accepts_nothing_that_there_is_gets_told_what_there_is(
    client: httpx2.Client, path: str, accept: str, offered: list[str]
) -> None:
    for method in ("GET", "HEAD") if path != "/events/stream" else ("GET",):
        answer = client.request(method, path, headers={"Accept": accept})
        assert answer.status_code == 406
    told = client.get(path, headers={"Accept": accept}).json()
    assert (told["code"], told["retryable"]) == ("not_acceptable", False)
    assert all(kind in told["detail"] for kind in offered)


def test_a_question_in_sql_is_not_asked_for_an_answer_that_nobody_takes(client: httpx2.Client) -> None:
    def ask(accept: str) -> httpx2.Response:
        return client.post("/sql", json={"sql": "SELECT 1 AS one"}, headers={"Accept": accept})

    assert ask("text/csv").text == "one\r\n1\r\n"
    assert ask("text/csv;q=0.5, application/json").json()["rows"] == [[1]]
    assert ask("text/html").status_code == 406


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
def test_probes_are_answered_whatever_they_accept(path: str, client: httpx2.Client) -> None:
    published(client, [at_second(1)])
    assert client.get(path, headers={"Accept": "application/openmetrics-text"}).status_code == 200
