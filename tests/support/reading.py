"""Publish and read over HTTP, for tests of the reading side."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2

from tests.support.events import event

NDJSON = {"Accept": "application/x-ndjson"}


def published(client: httpx2.Client, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Publish events and wait until they are projected; return what became of each."""
    answer = client.post("/publish", json=list(events), headers={"Prefer": "wait=10"})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def at_second(second: int, topic: str = "order.created", **fields: Any) -> dict[str, Any]:
    """Return an event that happened at a second of 2025-10-21, 10 o'clock."""
    minute, second = divmod(second, 60)
    moment = f"2025-10-21T10:{minute:02}:{second:02}.000Z"
    return event(**{"topic": topic, "event_id": f"e{minute:02}{second:02}", "timestamp": moment, **fields})


def ids(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["event_id"] for row in answer.json()]


def next_page(answer: httpx2.Response) -> str | None:
    link = answer.links.get("next")
    return None if link is None else str(link["url"])


def pages(client: httpx2.Client, path: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a listing, following Link until it is gone."""
    following: str | None = path
    while following is not None:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        following = next_page(answer)


def read_on(client: httpx2.Client, query: str, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    """Read in log order until there is nothing new; return the events and the cursor after them."""
    events: list[dict[str, Any]] = []
    path: str | None = f"/events?order=position{query}" + (f"&cursor={cursor}" if cursor else "")
    while path is not None:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        events += answer.json()
        cursor = answer.headers["eventlog-cursor"]
        path = next_page(answer)
    return events, cursor


def lines(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    """Return what a stream of NDJSON has."""
    answer = client.get(path, headers=NDJSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def wrong_parameters(answer: httpx2.Response) -> list[str]:
    """Return the parameters that a 422 names."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [fault["pointer"] for fault in answer.json()["errors"]]
