"""Follow the log over HTTP: the last events, then every new one, each once, whatever happens to the API."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import msgspec

from eventlog.sessions.backoff import pause_seconds
from eventlog.terminal.client import ProblemDocument, ReadingClient
from eventlog.terminal.errors import ApiUnavailable
from projections.read import Event

Say = Callable[[str], None]

PATH = "/events/stream"


class StreamLine(msgspec.Struct, frozen=True):
    """What a line of the stream is: the place after it; an event where it has a topic; or why it ends."""

    cursor: str = ""
    topic: str | None = None
    problem: ProblemDocument | None = None


_decode = msgspec.json.Decoder(list[Event]).decode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_line = msgspec.json.Decoder(StreamLine).decode


async def tail(
    client: ReadingClient, topic: str | None, last: int, follow: bool, say: Say
) -> AsyncIterator[Event]:
    """Yield the last events by time, oldest first; then, following, new ones in log order, for ever.

    The stream is opened first, so that nothing falls between the two; what is in both is yielded once.
    `say` is told of interruptions.
    """
    if not follow:
        for event in await _last(client, topic, last):
            yield event
        return
    stream = Following(client, topic, say)
    await stream.begin()
    shown: set[tuple[int, int]] = set()
    for event in await _last(client, topic, last):
        shown.add((event.partition, event.position))
        yield event
    async for event in stream.events():
        if (event.partition, event.position) not in shown:
            yield event


async def _last(client: ReadingClient, topic: str | None, last: int) -> list[Event]:
    """Return the last events, by several pages where a rare topic's are short."""
    found: list[Event] = []
    cursor: str | None = None
    while len(found) < last:
        answer = await client.get(
            "/events", order="desc", limit=last - len(found), topic=topic, cursor=cursor
        )
        found += _decode(answer.body)
        cursor = answer.cursor
        if cursor is None:
            break
    return found[::-1]


class Following:
    """The stream of events, which goes on from the last one whenever its connection ends."""

    def __init__(self, client: ReadingClient, topic: str | None, say: Say) -> None:
        self._client = client
        self._topic = topic
        self._say = say
        self._place = ""
        self._failures = 0

    async def begin(self) -> None:
        """Learn the place of now. Raises what keeps the API from streaming."""
        async with aclosing(self._client.lines(PATH, topic=self._topic)) as lines:
            async for line in lines:
                self._place = _decode_line(line).cursor
                return
        raise ApiUnavailable(self._client.url, "the stream ended before it began")

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event after the place, for ever. Raises ApiRefused when the place is refused."""
        while True:
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        yield event
                reason = "the API has ended the stream"
            except ApiUnavailable as error:
                reason = error.reason
            self._failures += 1
            if self._failures == 1:
                self._say(f"{reason}; trying again")
            await asyncio.sleep(pause_seconds(self._failures))

    async def _connection(self) -> AsyncGenerator[Event, None]:
        """Yield the events of one connection; the place is that of the last one yielded."""
        async with aclosing(self._client.lines(PATH, topic=self._topic, cursor=self._place)) as lines:
            async for text in lines:
                line = _decode_line(text)
                if line.problem is not None:
                    raise ApiUnavailable(self._client.url, line.problem.detail)
                self._failures = 0
                self._place = line.cursor
                if line.topic is not None:
                    yield _decode_event(text)
