"""What is published: request bodies made ahead, and how many events they must come to."""

import random
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from publisher.simulation.workload import Workload, fresh_seed

# Of this text the fillers of large payloads are cut: random, so that nothing compresses it away.
FILLER = random.Random(7).randbytes(1 << 17).hex()

# What a payload has by itself, about.
PLAIN_PAYLOAD_BYTES = 110


class Load(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """`events` deliveries in requests of `batch`, of which a share are exact repeats.

    hot: the share of events that go to one topic; the others are spread evenly.
    payload_bytes: about how large a payload is, from PLAIN_PAYLOAD_BYTES on.
    random_ids: event ids in random order, instead of the order of time.
    """

    events: int
    batch: int
    duplicates: float = 0.3
    topics: int = 10
    hot: float = 0.0
    payload_bytes: int = 0
    random_ids: bool = False
    seed: int = msgspec.field(default_factory=fresh_seed)

    @cached_property
    def workload(self) -> Workload:
        """The simulator's load that this one is made of."""
        return Workload(events=self.events, duplicates=self.duplicates, topics=self.topics, seed=self.seed)

    @property
    def unique(self) -> int:
        """How many different events there are."""
        return self.workload.unique

    def unique_without(self, requests: Sequence[int]) -> int:
        """Return how many different events there are when these requests, by number, are left out."""
        if not requests:
            return self.unique
        left_out = set(requests)
        seen = bytearray(self.unique)
        for place, number in enumerate(self.workload.sequence()):
            if place // self.batch not in left_out:
                seen[number] = True
        return sum(seen)

    def bodies(self) -> Iterator[tuple[bytes, int]]:
        """Yield each request's body and how many deliveries it holds; alone, an event is no array."""
        numbers = self.workload.sequence()
        for first in range(0, self.events, self.batch):
            count = min(self.batch, self.events - first)
            texts = ",".join([self._render(next(numbers)) for _ in range(count)])
            yield (texts if self.batch == 1 else f"[{texts}]").encode(), count

    def key(self, number: int) -> tuple[str, str]:
        """Return (topic, event_id) of event `number`, 0 ≤ number < unique."""
        topic, event_id = self.workload.key(number)
        # Drawn from the number alone, so that a repeat comes out the same.
        draw = self._draw(number)
        if self.random_ids:
            event_id = f"{draw:016x}-{event_id}"
        if self.hot and draw % 1000 < self.hot * 1000:
            topic = self.workload.topics[0]
        return topic, event_id

    def _draw(self, number: int) -> int:
        # splitmix64: numbers in a row come out far apart.
        mixed = (self.seed + number * 0x9E3779B97F4A7C15) % (1 << 64)
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % (1 << 64)
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % (1 << 64)
        return mixed ^ (mixed >> 31)

    def _render(self, number: int) -> str:
        text = self.workload.render(number)
        if self.hot or self.random_ids:
            for plain, wanted in zip(self.workload.key(number), self.key(number), strict=True):
                text = text.replace(f'"{plain}"', f'"{wanted}"', 1)
        if self.payload_bytes > PLAIN_PAYLOAD_BYTES:
            filler = self.payload_bytes - PLAIN_PAYLOAD_BYTES
            start = self._draw(number) % (len(FILLER) - filler)
            text = f'{text[:-2]},"filler":"{FILLER[start : start + filler]}"}}}}'
        return text
