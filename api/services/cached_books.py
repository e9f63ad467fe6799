"""The books, for however many ask.

The totals cost the same at any number of topics. What is counted by topic costs with their number: half a
second for 500,000. With few topics all counts are read anew for everybody who asks, from one snapshot. With
many the totals are, and those by topic are counted by one at a time, and kept: while nothing more is
projected they are those of the totals, and after that for a while, so that to ask costs a fifth of a core at
the most, however many do. How old they are is told.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import msgspec

from api.services.concurrency_limit import in_turn
from projections.read import EVERY_TOPIC, Books, TopicRange
from projections.read.stats import Counted

# Reads the books: whose counts by topic, and how many of the largest of which are listed.
Reading = Callable[[Counted, TopicRange, int], Awaitable[Books]]

# Up to this many topics are counted anew for everybody who asks: 20 ms.
TOPICS_FEW = 10_000
# How long counts are kept: in seconds, or as a multiple of the time it took to count.
KEPT_SECONDS = 2.0
KEPT_TIMES = 5
# How many of the largest topics are always counted: others want more than this caller.
LISTED_MIN = 100
# Whoever would be told older ones than that waits for new ones.
AGE_SECONDS_MAX = 60.0


class LargestTopics(msgspec.Struct, frozen=True):
    """Counts of all topics, of which the largest are listed."""

    books: Books
    listed: int
    at: float
    seconds: float

    @property
    def topics(self) -> int:
        """How many there are."""
        return self.books.topics or 0

    @property
    def age_seconds(self) -> float:
        """How long ago they were counted."""
        return monotonic() - self.at

    @property
    def is_fresh(self) -> bool:
        """Whether it is too soon to count again."""
        return self.age_seconds < max(KEPT_SECONDS, KEPT_TIMES * self.seconds)

    def has(self, topics: int) -> bool:
        """Whether this many of the largest topics are listed."""
        return self.listed >= min(topics, self.topics)


class CachedBooks:
    """Reads the books for one process."""

    def __init__(self) -> None:
        self._kept: LargestTopics | None = None
        self._counting = asyncio.Lock()

    async def books(
        self, read: Reading, topics: int, listed: TopicRange = EVERY_TOPIC
    ) -> tuple[Books, float]:
        """Return the books with this many of the listed topics, and how old the counts by topic are."""
        kept = self._kept or await self._count(read, topics)
        if kept.topics <= TOPICS_FEW:
            found = await read("all", listed, topics)
            if (found.topics or 0) > TOPICS_FEW:
                self._kept = None  # they have become many
            return found, 0.0
        if listed != EVERY_TOPIC:
            async with in_turn(self._counting):
                found = await read("some", listed, topics)
            return _joined(found, kept, found.by_topic), kept.age_seconds
        totals = await read("none", EVERY_TOPIC, 0)
        if not self._may_be_told(kept, totals, topics):
            kept = await self._count(read, topics)
        age = 0.0 if kept.books.projected == totals.projected else kept.age_seconds
        return _joined(totals, kept, kept.books.by_topic[:topics]), age

    def _may_be_told(self, kept: LargestTopics, totals: Books, topics: int) -> bool:
        if not kept.has(topics):
            return False
        if kept.books.projected == totals.projected or kept.is_fresh:
            return True
        # One of those who ask counts anew, the others need not wait for it.
        return self._counting.locked() and kept.age_seconds < AGE_SECONDS_MAX

    async def _count(self, read: Reading, topics: int) -> LargestTopics:
        """Count all topics, unless somebody has who began after this was called."""
        asked = monotonic()
        async with in_turn(self._counting):
            kept = self._kept
            if kept is None or kept.at < asked or not kept.has(topics):
                began = monotonic()
                listed = max(topics, LISTED_MIN)
                found = await read("all", EVERY_TOPIC, listed)
                kept = self._kept = LargestTopics(found, listed, began, monotonic() - began)
            return kept


def _joined(totals: Books, kept: LargestTopics, by_topic: list[str]) -> Books:
    return msgspec.structs.replace(
        totals,
        topics=kept.topics,
        balanced=totals.balanced and kept.books.balanced,
        by_topic=by_topic,
    )
