"""NDJSON: one event a line, page by page, for as long as there are events and somebody reads them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from api.errors import Problem
from api.live.frames import on_one_line
from api.requests.paging import Answered, Query, page
from api.wiring import Services
from eventlog.errors import EventlogError
from projections.read import Event

log = structlog.get_logger()

# Of answers that are read while they grow. Proxies and middleware that would collect or compress them let
# these through: each heeds one of the three.
UNBUFFERED = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "Content-Encoding": "identity",
    "X-Accel-Buffering": "no",
}
# Between pages no session is held, so a slow reader costs memory alone: a page, and for this time.
SEND_SECONDS_MAX = 30.0

# Of a page among many; alone it may have four times as many.
PAGE_BYTES_MAX = 1 << 20

_encode_lines = msgspec.json.Encoder().encode_lines


async def lines(services: Services, query: Query, first: Answered) -> AsyncIterator[bytes]:
    """Yield the events from the first page on, a page at a time, each read in a session of its own."""
    answered = first
    yield _lines_of(answered.events)
    while answered.has_more:
        query = msgspec.structs.replace(query, cursor=answered.cursor)
        answered = await page(services, query)
        yield _lines_of(answered.events)


def _lines_of(events: Iterable[Event]) -> bytes:
    return _encode_lines(map(on_one_line, events))


class LinesResponse(StreamingResponse):
    """Streams; gives up on a client that takes nothing in time, and where no page can be read."""

    def __init__(self, services: Services, *arguments: Any, **named: Any) -> None:
        if services.lines.locked():
            busy = "as many answers of JSON Lines are being read as may at once"
            raise Problem("too_many_streams", busy)
        super().__init__(*arguments, **named)
        self._places = services.lines

    async def stream_response(self, send: Send) -> None:
        """Send every part in time, or leave the answer unfinished, which closes the connection."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await send(message)

        try:
            async with self._places:
                await super().stream_response(send_in_time)
        except TimeoutError:
            log.warning("slow_reader_cut", seconds=SEND_SECONDS_MAX)
        except (Problem, EventlogError) as error:
            log.warning("lines_cut", reason=str(error))
