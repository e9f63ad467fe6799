"""Follow the log over HTTP: the last events, then every new one, each once."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from eventlog.reading_client import ReadingClient

# Between two looks at a log that has nothing new.
POLL_SECONDS = 0.25
PAGE = 1_000


class TailedEvent(msgspec.Struct, frozen=True):
    """An event as GET /events has it; the payload stays text."""

    topic: str
    event_id: str
    timestamp: str
    source: str
    payload: msgspec.Raw
    partition: int
    position: int
    received_at: str
    processed_at: str


_decode = msgspec.json.Decoder(list[TailedEvent]).decode


async def tail(
    client: ReadingClient, topic: str | None, last: int, follow: bool
) -> AsyncIterator[TailedEvent]:
    """Yield the last events by time, oldest first; then, following, new ones in log order, for ever.

    The place to follow from is taken first, so that nothing falls between the two; what was in
    both is yielded once.
    """
    place = None
    if follow:
        latest = await client.get("/events", order="position", cursor="latest", topic=topic, limit=PAGE)
        place, early = latest.following, _decode(latest.body)
    shown: set[tuple[int, int]] = set()
    for event in await _last(client, topic, last):
        shown.add((event.partition, event.position))
        yield event
    if place is None:
        return
    for event in early:
        if (event.partition, event.position) not in shown:
            yield event
    async for event in _follow(client, place):
        if (event.partition, event.position) not in shown:
            yield event


async def _last(client: ReadingClient, topic: str | None, last: int) -> list[TailedEvent]:
    if last == 0:
        return []
    answer = await client.get("/events", order="desc", limit=last, topic=topic)
    return list(reversed(_decode(answer.body)))


async def _follow(client: ReadingClient, place: str) -> AsyncIterator[TailedEvent]:
    while True:
        answer = await client.get(place)
        events = _decode(answer.body)
        for event in events:
            yield event
        unmoved = answer.following == place
        place = answer.following or place
        if unmoved:
            await asyncio.sleep(POLL_SECONDS)
