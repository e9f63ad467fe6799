"""GET /events and GET /events/{topic}/{event_id}."""

import re
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from api.errors import Problem
from api.http.negotiation import CLOUDEVENTS_BATCH, JSON, LINES, form_of
from api.openapi import sends
from api.requests.ndjson_stream import PAGE_BYTES_MAX, UNBUFFERED, LinesResponse, lines
from api.requests.paging import CURSOR_HEADER, LATEST, Query, page, whereabouts
from api.requests.parameters import (
    Parameter,
    documented,
    moment,
    one_of,
    read_parameters,
    text,
    topic_pattern,
    whole_number,
)
from api.requests.topics import require_topic, seen_pattern
from api.routes.deliveries import next_deliveries
from api.routes.read_route import HEADERS, answer, problems, read, route, services_of
from api.wiring import Services
from eventlog.intake.media_type import are_lines
from projections.read import Event, ReadSession, event
from projections.read.cloudevents import as_cloudevent, said_of
from projections.read.deliveries import DELIVERIES_MAX, PENDING, Copy, copies

router = APIRouter(tags=["reading"])

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
PREFIX = b"/events/"
NO_PERCENT_CODE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

PARAMETERS = {
    "topic": Parameter(
        topic_pattern,
        "Only this topic; `order.*` takes every topic that begins with `order.`.",
        {"type": "string", "maxLength": 255, "example": "order.*"},
    ),
    "source": Parameter(text, "Only events of this source.", {"type": "string", "maxLength": 255}),
    "event_id": Parameter(text, "Only events with this id.", {"type": "string", "maxLength": 255}),
    "since": Parameter(moment, "From this moment on, inclusive.", {"type": "string", "format": "date-time"}),
    "until": Parameter(moment, "Up to this moment, exclusive.", {"type": "string", "format": "date-time"}),
    "order": Parameter(
        one_of("asc", "desc", "position"),
        "By timestamp, then (topic, event_id), ascending or descending; or in log order, in which reading on "
        "later misses nothing that arrived meanwhile (by time it can).",
        {"type": "string", "enum": ["asc", "desc", "position"], "default": "asc"},
    ),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most events on a page. NDJSON without it streams all there is.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
    "cursor": Parameter(
        str,
        f"Read on where a page ended: its `{CURSOR_HEADER}`, which the address in its `Link` has, too. "
        f"With `order=position` also `{LATEST}`: after everything that is projected now.",
        {"type": "string"},
    ),
}

EXAMPLE: dict[str, Any] = {
    "topic": "payment.notification",
    "event_id": "3832d20e7-101",
    "timestamp": "2025-10-21T10:00:00.000Z",
    "source": "payment-gateway-A",
    "payload": {"amount": 500000},
    "partition": 3,
    "position": 1042,
    "received_at": "2025-10-21T10:00:00.123456Z",
    "processed_at": "2025-10-21T10:00:00.131Z",
}
COPIES = [
    {"delivery": "3:1042", "received_at": "2025-10-21T10:00:00.123456Z", "outcome": "unique"},
    {"delivery": "3:1050", "received_at": "2025-10-21T10:00:03.200Z", "outcome": "duplicate"},
]


class EventWithDeliveries(Event, frozen=True):
    """An event and its deliveries in log order, at most 1,000 of them."""

    deliveries: list[Copy]
    deliveries_complete: Annotated[bool, Meta(description="false where there are more than are listed")]


PAGE = {
    200: sends(
        list[Event],
        "Events. `Link` is there while there may be more now: what a page looks at is "
        f"bounded, so it can be short, or empty, before the end. `{CURSOR_HEADER}` is there always: in log "
        "order one comes back with it for what arrives later, and misses nothing.",
        example=[EXAMPLE],
        headers={
            "Link": {"description": '`<address>; rel="next"`', "schema": {"type": "string"}},
            CURSOR_HEADER: {"description": "the place after this page", "schema": {"type": "string"}},
        },
    )
}
FORMS = (JSON, LINES, CLOUDEVENTS_BATCH)
PAGE[200]["content"][LINES] = {"schema": {"type": "string", "description": "one event a line"}}
PAGE[200]["content"][CLOUDEVENTS_BATCH] = {
    "schema": {"type": "array", "items": {"type": "object"}, "description": "CloudEvents, as they came in"}
}


@route(
    router,
    "/events",
    summary="List events",
    openapi_extra=documented(PARAMETERS),
    forms=FORMS,
    responses={**PAGE, **problems(409, 422, 503)},
)
async def list_events(request: Request) -> Response:
    """Deduplicated events, by time or in log order, a page at a time or as a stream of NDJSON."""
    services = services_of(request)
    values = read_parameters(request, PARAMETERS)
    form = form_of(request, *FORMS)
    streamed = are_lines(form)
    whole = streamed and "limit" not in values
    first = {"limit": LIMIT_MAX, "bytes_max": PAGE_BYTES_MAX} if whole else {"limit": LIMIT_DEFAULT}
    if (topic := seen_pattern(request.scope, values.get("topic"))) is not None:
        values["topic"] = topic
    query = Query(**{**first, **values})
    found = await page(services, query)
    headers = {"Vary": "Accept", **({} if whole else whereabouts(request, found))}
    if form == CLOUDEVENTS_BATCH:
        said = await read(services, lambda reader: said_of(reader, found.events))
        texts = [as_cloudevent(each, said.get((each.partition, each.position))) for each in found.events]
        return Response(b"[%b]" % b",".join(texts), headers={**HEADERS, **headers}, media_type=form)
    if not streamed:
        return answer(found.events, headers=headers)
    if not whole or request.method == "HEAD":
        found = msgspec.structs.replace(found, has_more=False)
    return LinesResponse(
        services, lines(services, query, found), headers={**UNBUFFERED, **headers}, media_type=form
    )


@route(
    router,
    "/events/{topic}/{event_id}",
    summary="One event with its deliveries",
    responses={
        200: sends(
            EventWithDeliveries,
            example={**EXAMPLE, "deliveries": COPIES, "deliveries_complete": True},
        ),
        **problems(400, 404, 422, 503),
    },
    openapi_extra={
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "description": "percent-encoded, a slash as %2F",
            }
            for name in ("topic", "event_id")
        ]
    },
)
async def one_event(request: Request) -> Response:
    """The event of a (topic, event_id), and every delivery of it with what became of it."""
    services = services_of(request)
    read_parameters(request, {})
    topic, event_id = split_path(request.scope["raw_path"])
    require_topic(request.scope, topic)
    found, deliveries = await read(
        services, lambda reader: _with_deliveries(reader, services, topic, event_id)
    )
    if found is None:
        raise _not_found(deliveries)
    listed = deliveries[:DELIVERIES_MAX]
    return answer(
        EventWithDeliveries(
            **msgspec.structs.asdict(found),
            deliveries=listed,
            deliveries_complete=len(listed) == len(deliveries),
        ),
        headers=next_deliveries(request, topic, event_id, listed, DELIVERIES_MAX)
        if len(listed) < len(deliveries)
        else {},
    )


# Paths are matched after decoding, where a key with a slash has more segments.
router.add_api_route("/events/{rest:path}", one_event, methods=["GET", "HEAD"], include_in_schema=False)


async def _with_deliveries(
    reader: ReadSession, services: Services, topic: str, event_id: str
) -> tuple[Event | None, list[Copy]]:
    found = await event(reader, topic, event_id, services.partitions)
    deliveries = await copies(reader, topic, event_id, services.partitions)
    if found is None and any(copy.outcome == "unique" for copy in deliveries):
        found = await event(reader, topic, event_id, services.partitions)  # projected between the two reads
    return found, deliveries


def _not_found(deliveries: list[Copy]) -> Problem:
    if any(copy.outcome == PENDING for copy in deliveries):
        return Problem("event_pending", "this event is delivered and not yet projected")
    if deliveries:
        return Problem("event_quarantined", "all deliveries of this event are in quarantine")
    return Problem("event_not_found", "no such event was delivered")


def split_path(raw_path: bytes) -> tuple[str, str]:
    """Return topic and event_id of /events/{topic}/{event_id}, split before they are decoded."""
    topic, slash, event_id = raw_path.removeprefix(PREFIX).partition(b"/")
    if not raw_path.startswith(PREFIX) or not slash or b"/" in event_id or not (topic and event_id):
        raise Problem("not_found", "there is no such route; a slash within topic or event_id is sent as %2F")
    return _decoded(topic), _decoded(event_id)


def _decoded(segment: bytes) -> str:
    if NO_PERCENT_CODE.search(segment):
        raise Problem("invalid_path", "a percent sign in a path is followed by two hexadecimal digits")
    try:
        key = unquote_to_bytes(segment).decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Problem("invalid_path", "a path is percent-encoded UTF-8") from None
    if "\0" in key:
        raise Problem("event_not_found", "no topic and no event_id has a NUL in it")
    return key
