"""The books of very many topics: totals of now, and counts by topic that are taken once for all who ask."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import msgspec
import pytest

from api.services import cached_books as bookkeeping
from api.services.cached_books import CachedBooks
from projections.read import EVERY_TOPIC, Books, TopicRange
from projections.read.stats import Counted
from tests.support.events import event
from tests.support.reading import published


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have three topics be very many."""
    monkeypatch.setattr(bookkeeping, "TOPICS_FEW", 2)
    monkeypatch.setattr(bookkeeping, "KEPT_SECONDS", 3600.0)


@pytest.mark.usefixtures("many")
def test_counts_by_topic_say_how_old_they_are(client: httpx2.Client) -> None:
    def listed(query: str = "") -> tuple[int, int, list[tuple[str, int]], bool]:
        found = client.get(f"/stats{query}").json()
        assert found["balanced"] is True
        by_topic = [(row["topic"], row["received"]) for row in found["by_topic"]]
        return found["received"], found["topics"], by_topic, "by_topic_age_seconds" in found

    published(client, [event(topic=topic, event_id="1") for topic in ("a", "b")])
    assert listed() == (2, 2, [("a", 1), ("b", 1)], False)
    published(client, [event(topic="c", event_id=n) for n in "12"])
    assert listed() == (4, 3, [("c", 2), ("a", 1), ("b", 1)], False)
    assert listed("?topics=1") == (4, 3, [("c", 2)], False)
    published(client, [event(topic="d", event_id=n) for n in "123"])
    assert listed() == (7, 3, [("c", 2), ("a", 1), ("b", 1)], True)
    # A topic that is named is looked up.
    assert listed("?topic=d") == (7, 3, [("d", 3)], True)
    assert "\neventlog_unique_total 7.0\n" in client.get("/metrics").text


def counted(topics: int, received: int) -> Books:
    rows = [f"{n}" for n in range(topics)]
    return Books(received, received, 0, 0, 0, 0, topics, True, None, 1, 1, rows)


class Log:
    """Answers as the database would, when it is told to."""

    def __init__(self, topics: int) -> None:
        self.topics = topics
        self.received = 0
        self.looks: list[Counted] = []
        self.counting = asyncio.Event()
        self.go_on = asyncio.Event()

    async def read(self, what: Counted, listed: TopicRange, topics: int) -> Books:
        self.looks.append(what)
        found = counted(self.topics, self.received)
        if what == "all":
            self.counting.set()
            await self.go_on.wait()
        return msgspec.structs.replace(
            found, topics=self.topics if what == "all" else None, by_topic=found.by_topic[:topics]
        )


def playing(play: Callable[[Log, CachedBooks], Awaitable[None]]) -> Log:
    async def run() -> Log:
        log, bookkeeper = Log(500), CachedBooks()
        async with asyncio.timeout(20):
            await play(log, bookkeeper)
        return log

    return asyncio.run(run())


@pytest.mark.usefixtures("many")
def test_who_comes_while_topics_are_counted_waits_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(log: Log, bookkeeper: CachedBooks) -> None:
        asked = [asyncio.create_task(bookkeeper.books(log.read, topics=10)) for _ in range(20)]
        await log.counting.wait()
        log.go_on.set()
        assert {len(found.by_topic) for found, _ in await asyncio.gather(*asked)} == {10}

    assert playing(play).looks.count("all") <= 2


@pytest.mark.usefixtures("many")
def test_one_counts_anew_and_the_others_are_told_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(log: Log, bookkeeper: CachedBooks) -> None:
        log.go_on.set()
        await bookkeeper.books(log.read, topics=10)
        log.received, log.topics = 1, 600
        log.go_on.clear()
        log.counting.clear()
        monkeypatch.setattr(bookkeeping, "KEPT_SECONDS", 0.0)
        monkeypatch.setattr(bookkeeping, "KEPT_TIMES", 0)
        one = asyncio.create_task(bookkeeper.books(log.read, topics=10))
        await log.counting.wait()
        found, age = await bookkeeper.books(log.read, topics=10)
        assert (found.received, found.topics) == (1, 500)
        assert age > 0
        log.go_on.set()
        assert (await one)[0].topics == 600

    assert playing(play).looks.count("all") == 2


@pytest.mark.usefixtures("many")
def test_more_topics_than_are_kept_are_counted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(log: Log, bookkeeper: CachedBooks) -> None:
        log.go_on.set()
        for topics in (10, 500, 10, 1000):
            found, age = await bookkeeper.books(log.read, topics, EVERY_TOPIC)
            assert (len(found.by_topic), age) == (min(topics, 500), 0.0)

    assert playing(play).looks.count("all") == 2
