"""Turn the parameters of GET /events into pages, and pages into the cursor of the next one."""

from functools import partial
from time import monotonic
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import Request

from api.http.request_origin import reference
from api.requests.cursors import ForeignCursor, decode_key, decode_positions, encode_key, encode_positions
from api.requests.parameters import fault, invalid
from api.routes.read_route import read
from api.wiring import Services
from projections import read as log
from projections.read.events import BEGINNING, END, PAGE_BYTES_MAX

# A cursor that stands for "after everything that is projected now".
LATEST = "latest"
# The place after a page, on every page: where to come back for what arrives later.
CURSOR_HEADER = "Eventlog-Cursor"
# How long the next page is tried in place of an empty one, which some readers take for the end.
LOOKING_SECONDS = 0.5
NOT_OURS = f"cursor is no cursor of this order, or not all of one: take that of {CURSOR_HEADER} as it is"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What GET /events is asked for. Topics are a topic or a prefix with an asterisk."""

    order: Literal["asc", "desc", "position"] = "asc"
    limit: int
    bytes_max: int = PAGE_BYTES_MAX
    topic: str | None = None
    source: str | None = None
    event_id: str | None = None
    since: str = BEGINNING
    until: str = END
    cursor: str | None = None

    @property
    def topics(self) -> log.TopicRange:
        """The topics that are meant."""
        return log.EVERY_TOPIC if self.topic is None else log.topics_like(self.topic)

    @property
    def filters(self) -> dict[str, Any]:
        """What both orders choose by."""
        return {
            "limit": self.limit,
            "bytes_max": self.bytes_max,
            "topics": self.topics,
            "source": self.source,
            "event_id": self.event_id,
            "since": self.since,
            "until": self.until,
        }


class Answered(msgspec.Struct, frozen=True):
    """A page, the cursor after it, and whether there may be more now."""

    events: list[log.Event]
    cursor: str
    has_more: bool


async def page(services: Services, query: Query) -> Answered:
    """Read one page. Raises the Problem of a cursor that is not ours, and of a database that is away."""
    read_page = _page_by_position if query.order == "position" else _page_by_time
    until = monotonic() + LOOKING_SECONDS
    try:
        while True:
            found = await read_page(services, query)
            if found.events or not found.has_more or monotonic() > until:
                return found
            query = msgspec.structs.replace(query, cursor=found.cursor)
    except ForeignCursor:
        raise invalid([fault("cursor", NOT_OURS)]) from None


async def _page_by_time(services: Services, query: Query) -> Answered:
    after = None if query.cursor is None else decode_key(query.cursor, query.order)
    wanted = log.ByTime(
        direction="descending" if query.order == "desc" else "ascending", after=after, **query.filters
    )
    found = await read(services, lambda reader: log.page_by_time(reader, wanted, services.partitions))
    return Answered(found.events, encode_key(query.order, found.after), found.has_more)


async def _page_by_position(services: Services, query: Query) -> Answered:
    partitions = query.topics.partitions(services.partitions)
    if query.cursor is None:
        after = dict.fromkeys(partitions, 0)
    elif query.cursor == LATEST:
        after = await read(services, lambda reader: log.ends(reader, partitions))
    else:
        after = decode_positions(query.cursor, partitions)
    wanted = log.ByPosition(after=after, **query.filters)
    found = await read(services, partial(log.page_by_position, wanted=wanted))
    return Answered(found.events, encode_positions(found.after), found.has_more)


def whereabouts(request: Request, found: Answered) -> dict[str, str]:
    """Return the headers that say where to go on: the cursor; the next page while there may be more now."""
    place = {CURSOR_HEADER: found.cursor}
    if not found.has_more:
        return place
    query = request.scope["query_string"].decode("ascii")
    kept = [(name, value) for name, value in parse_qsl(query) if name != "cursor"]
    address = reference(request.scope, f"/events?{urlencode([*kept, ('cursor', found.cursor)])}")
    return {**place, "Link": f'<{address}>; rel="next"'}
