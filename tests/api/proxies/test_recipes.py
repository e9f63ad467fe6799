"""The recipes of docs/proxies with the real programs: nothing is lost, held back, rewritten or sent twice."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from tests.api.proxies.conftest import Behind
from tests.api.proxies.running import Proxy
from tests.support.events import event
from tests.support.waiting import until

JSON = {"Content-Type": "application/json"}
# What a stream's event may take. A proxy that collects holds it back until more follows.
EVENT_SECONDS = 3.0


def topic_of(client: httpx2.Client, what: str) -> str:
    """Return a topic that no other test has."""
    return f"proxies.{what}.{client.base_url.port}{client.base_url.path.replace('/', '.')}"


def base_of(client: httpx2.Client) -> str:
    return f"{str(client.base_url).rstrip('/')}/"


def test_small_large_and_chunked_bodies_arrive(client: httpx2.Client, behind: Behind) -> None:
    topic = topic_of(client, "bodies")
    batch = json.dumps([event(topic=topic, event_id=f"{n}", payload={"x": "y" * 900_000}) for n in range(8)])

    def chunks() -> Iterator[bytes]:
        text = json.dumps(event(topic=topic, event_id="chunked", payload={"x": "y" * 100_000})).encode()
        yield from (text[at : at + 10_000] for at in range(0, len(text), 10_000))

    assert client.post("/publish", json=event(topic=topic, event_id="small")).status_code == 202
    assert client.post("/publish", content=batch, headers=JSON).json()["accepted"] == 8
    assert client.post("/publish", content=chunks(), headers=JSON).status_code == 202
    assert behind.rows("SELECT count(*) FROM inbox WHERE topic = %s", topic) == [(10,)]


def test_waiting_for_the_outcome_goes_through(client: httpx2.Client) -> None:
    answer = client.post(
        "/publish", json=event(topic=topic_of(client, "wait")), headers={"Prefer": "wait=20"}
    )
    assert answer.status_code == 200, answer.text
    assert [result["outcome"] for result in answer.json()["results"]] == ["unique"]


def test_keys_with_slashes_and_other_signs_are_found(client: httpx2.Client) -> None:
    topic = topic_of(client, "a/b c+ü%2F")
    for number, event_id in enumerate(("1/2", "x%2Fy", "#?&", "..a", "ä €")):
        sent = event(topic=topic, event_id=event_id, payload={"n": number})
        assert client.post("/publish", json=sent, headers={"Prefer": "wait=20"}).status_code == 200
        parts = "/".join("".join(f"%{byte:02X}" for byte in part.encode()) for part in (topic, event_id))
        answer = client.get(f"/events/{parts}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["payload"] == {"n": number}


def test_all_is_read_as_ndjson_and_page_by_page(client: httpx2.Client) -> None:
    topic = topic_of(client, "read")
    events = [event(topic=topic, event_id=f"{n:04}", payload={"x": "y" * 100}) for n in range(2_100)]
    assert client.post("/publish", json=events, headers={"Prefer": "wait=30"}).status_code == 200
    answer = client.get(
        "/events",
        params={"topic": topic},
        headers={"Accept": "application/x-ndjson", "Accept-Encoding": "gzip"},
    )
    assert len(answer.text.splitlines()) == 2_100
    address = f"{base_of(client)}events?topic={topic}&limit=1000"
    found: list[str] = []
    while address:
        page = client.get(address)
        found += [row["event_id"] for row in page.json()]
        address = urljoin(address, page.links["next"]["url"]) if "next" in page.links else ""
    assert found == [f"{n:04}" for n in range(2_100)]


def test_each_event_of_a_stream_comes_at_once(client: httpx2.Client) -> None:
    topic = topic_of(client, "live")
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, br, zstd"}
    limits = httpx2.Timeout(20, read=EVENT_SECONDS)
    with client.stream(
        "GET", "/events/stream", params={"topic": topic}, headers=headers, timeout=limits
    ) as answer:
        assert answer.headers.get("content-encoding", "identity") == "identity"
        lines = answer.iter_lines()
        assert any(line.startswith("id:") for line in lines)  # from here on nothing is missed
        for number in range(4):
            assert client.post("/publish", json=event(topic=topic, event_id=f"{number}")).status_code == 202
            data = next(line for line in lines if line.startswith("data:") and "event_id" in line)
            assert json.loads(data.removeprefix("data:"))["event_id"] == f"{number}"


def test_links_lead_to_where_they_say(client: httpx2.Client) -> None:
    base = base_of(client)
    begun = client.post("/projections/timeline/verify")
    assert begun.status_code == 202, begun.text
    where = urljoin(f"{base}projections/timeline/verify", begun.headers["location"])
    until(lambda: client.get(where).json()["state"] == "done")
    index = client.get("/").json()["routes"]
    for name in ("stats", "health", "docs", "openapi", "events"):
        assert client.get(urljoin(base, index[name])).status_code == 200
    [server] = client.get("/openapi.json").json()["servers"]
    assert client.get(urljoin(urljoin(f"{base}openapi.json", server["url"]), "stats")).status_code == 200


def test_the_path_without_its_slash_leads_to_the_one_with_it(proxy: Proxy) -> None:
    with proxy.client() as client:
        answer = client.get("/log")
    assert answer.status_code == 308
    assert urljoin(f"{proxy.origin}/log", answer.headers["location"]) == f"{proxy.origin}/log/"


def test_what_is_too_large_is_said_by_the_service(client: httpx2.Client) -> None:
    answer = client.post("/publish", content=b" " * (9 << 20), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_problems_and_security_headers_come_as_they_are(client: httpx2.Client) -> None:
    answer = client.get("/nothing/here")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for name in ("x-content-type-options", "content-security-policy", "x-request-id"):
        assert len(answer.headers.get_list(name)) == 1


def test_probes_are_answered(client: httpx2.Client) -> None:
    for path in ("/livez", "/readyz", "/health"):
        assert client.get(path).status_code == 200
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    for path in ("/events/stream", "/stats", "/docs", "/openapi.json", "/console/main.js"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert client.options("/stats").status_code == 204


def test_who_is_the_client_whatever_it_writes(client: httpx2.Client, behind: Behind) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6;host=evil.example;proto=http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "6.6.6.6",
    }
    mark = topic_of(client, "who")
    asked = client.post("/sql", json={"sql": f"SELECT '{mark}'"}, headers=forged)
    assert asked.status_code == 200, asked.text
    statement = "SELECT who FROM eventlog.console_statements WHERE statement LIKE %s"
    assert behind.rows(statement, f"%{mark}%") == [("127.0.0.2",)]
    assert "evil" not in client.get("/", headers=forged).text
    # Its origin is what the browser calls it, not what somebody wrote.
    own = f"https://log.example:{client.base_url.port}"
    sent = event(topic=mark)
    assert client.post("/publish", json=sent, headers={**forged, "Origin": own}).status_code == 202
    for origin in ("https://evil.example", "http://evil.example:1", own.replace("https", "http")):
        assert client.post("/publish", json=sent, headers={**forged, "Origin": origin}).status_code == 403


def test_who_comes_by_another_name_gets_nothing(proxy: Proxy) -> None:
    with proxy.client(name="evil.example") as client:
        try:
            status = client.get("/stats", headers={"X-Forwarded-Host": "log.example"}).status_code
        except httpx2.ConnectError:  # no certificate for that name
            status = 421
    assert status == 421


def test_nginx_collects_a_body_that_comes_slowly(proxy: Proxy, behind: Behind) -> None:
    if proxy.kind != "nginx":
        pytest.skip("it passes on what it has")
    text = json.dumps(event(topic="proxies.slow")).encode()
    paused = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield text[:20]
        # Longer than the service gives a part of a body.
        paused.wait(2.5)
        yield text[20:]

    with proxy.client() as client:
        headers: dict[str, Any] = {**JSON, "Content-Length": str(len(text))}
        assert client.post("/publish", content=slowly(), headers=headers).status_code == 202
    assert behind.rows("SELECT count(*) FROM inbox WHERE topic = 'proxies.slow'") == [(1,)]
