"""GET /events for what is rare: each page looks at a bounded part, and together they have all of it."""

import random
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from projections.read import events, log_order
from tests.support.api import running_api
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.projecting import project_all
from tests.support.reading import pages

EVENTS = 400
FILTERS = [
    {"source": "rare"},
    {"source": "nobody"},
    {"topic": "rare.topic"},
    {"topic": "rare.*"},
    {"topic": "nobody.*"},
    {"topic": "t.*", "source": "rare", "since": "2025-10-21T10:00:05Z", "until": "2025-10-21T10:00:31Z"},
    {"topic": "one.moment"},
    {"topic": "one.*", "source": "rare"},
]


def seconds(chance: random.Random, topic: str) -> str:
    """Return a moment; many events share it."""
    second = 20 if topic == "one.moment" else chance.randrange(40)
    return f"2025-10-21T10:00:{second:02}Z"


@pytest.fixture
def client(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    """Serve events of few moments, with bounds that they are beyond."""
    chance = random.Random(10)
    topics = [*(f"t.{n}" for n in range(9)), *["one.moment"] * 3]
    batch = [
        made(
            topic := "rare.topic" if number % 97 == 0 else chance.choice(topics),
            f"e{number}",
            timestamp=seconds(chance, topic),
            source="rare" if number % 41 == 0 else "shop",
        )
        for number in range(EVENTS)
    ]
    append_events(database, batch)
    project_all(database)
    monkeypatch.setattr(events, "SCAN_FIRST", 8)
    monkeypatch.setattr(events, "SCAN_MIN", 2)
    monkeypatch.setattr(events, "SCAN_MAX", 60)
    monkeypatch.setattr(log_order, "SCAN_MAX", 60)
    monkeypatch.setattr("api.requests.paging.LOOKING_SECONDS", 0.0)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as opened:
        yield opened


def chosen(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    topic, moment = wanted.get("topic", "*"), row["timestamp"]
    return bool(
        (row["topic"].startswith(topic[:-1]) if topic.endswith("*") else row["topic"] == topic)
        and row["source"] == wanted.get("source", row["source"])
        and wanted.get("since", "") <= moment < wanted.get("until", "3")
    )


@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("order", ["asc", "desc", "position"])
def test_short_pages_together_have_all_that_is_wanted(client: httpx2.Client, order: str, limit: int) -> None:
    everything = [row for page in pages(client, f"/events?order={order}&limit=1000") for row in page]
    assert len(everything) == EVENTS
    some_were_empty = False
    for wanted in FILTERS:
        query = httpx2.QueryParams({**wanted, "order": order, "limit": str(limit)})
        came = list(pages(client, f"/events?{query}"))
        found = [row for page in came for row in page]
        expected = [row for row in everything if chosen(row, wanted)]
        if order == "position":  # merged by the time of receipt, and these were received together
            found.sort(key=lambda row: (row["partition"], row["position"]))
            expected.sort(key=lambda row: (row["partition"], row["position"]))
        assert found == expected, wanted
        some_were_empty = some_were_empty or [] in came[:-1]
        assert len(came) < EVENTS
    assert some_were_empty, "the bounds were not met"


def test_an_id_that_too_many_topics_have_is_refused_at_once(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(client.get("/events?event_id=e7").json()) == 1
    monkeypatch.setattr(events, "TOPICS_OF_ID_MAX", 0)
    refused = client.get("/events?event_id=e7")
    told = refused.json()
    assert (refused.status_code, told["code"], told["retryable"]) == (422, "read_too_large", False)
    assert client.get("/events?event_id=e7&order=position").status_code == 200
