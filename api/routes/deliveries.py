"""GET /deliveries/{partition}:{position}, and GET /deliveries: those of one event."""

import re
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.errors import Problem
from api.http.request_origin import reference
from api.openapi import sends
from api.requests.parameters import (
    Parameter,
    documented,
    fault,
    invalid,
    one_topic,
    read_parameters,
    text,
    whole_number,
)
from api.requests.topics import require_topic, sees
from api.routes.publish import read_preferences
from api.routes.read_route import answer, problems, read, route, services_of
from eventlog.log.partitions import partition_of
from projections.read import LoggedDelivery, delivery
from projections.read.deliveries import DELIVERIES_MAX, PENDING, Copy, copies

router = APIRouter(tags=["reading"])

PLACE = re.compile(r"(0|[1-9][0-9]{0,4}):([1-9][0-9]{0,18})")
PARTITION_MAX, POSITION_MAX = (1 << 15) - 1, (1 << 63) - 1
DELIVERY: dict[str, Any] = {
    "name": "delivery",
    "in": "path",
    "required": True,
    "description": "partition:position",
    "schema": {"type": "string", "pattern": f"^{PLACE.pattern}$", "example": "3:1042"},
}

EXAMPLE = {
    "delivery": "3:1042",
    "topic": "payment.notification",
    "event_id": "3832d20e7-101",
    "received_at": "2025-10-21T10:00:00.123456Z",
    "raw": '{"topic": "payment.notification", "event_id": "3832d20e7-101", …}',
    "outcome": "unique",
}


def _place(value: str) -> tuple[int, int]:
    match = PLACE.fullmatch(value)
    if match is None or int(match[1]) > PARTITION_MAX or int(match[2]) > POSITION_MAX:
        raise ValueError("is a delivery, named partition:position, such as 3:1042")
    return int(match[1]), int(match[2])


PARAMETERS = {
    "topic": Parameter(one_topic, "The event's topic; needed.", {"type": "string", "maxLength": 255}),
    "event_id": Parameter(text, "The event's id; needed.", {"type": "string", "maxLength": 255}),
    "after": Parameter(
        _place, "Those after this delivery: the last one of the page before.", DELIVERY["schema"]
    ),
    "limit": Parameter(
        whole_number(1, DELIVERIES_MAX),
        "The most deliveries on a page.",
        {"type": "integer", "minimum": 1, "maximum": DELIVERIES_MAX, "default": DELIVERIES_MAX},
    ),
}


@route(
    router,
    "/deliveries",
    summary="The deliveries of one event",
    openapi_extra=documented(PARAMETERS),
    responses={200: sends(list[Copy]), **problems(422, 503)},
)
async def deliveries_of(request: Request) -> Response:
    """In log order, a page at a time, each with what became of it.

    `Link` is there while there are more. A topic and an id may be any here, also those that a browser takes
    out of a path, such as `..`.
    """
    services = services_of(request)
    values = read_parameters(request, PARAMETERS)
    if missing := [name for name in ("topic", "event_id") if name not in values]:
        raise invalid([fault(name, f"{name} is needed") for name in missing])
    topic, event_id = values["topic"], values["event_id"]
    require_topic(request.scope, topic)
    partition, after = values.get("after", (partition_of(topic, services.partitions), 0))
    if partition != partition_of(topic, services.partitions):
        raise invalid([fault("after", "after is a delivery of another partition than the topic's")])
    limit = values.get("limit", DELIVERIES_MAX)
    found = await read(
        services,
        lambda reader: copies(reader, topic, event_id, services.partitions, after=after, limit=limit + 1),
    )
    headers = next_deliveries(request, topic, event_id, found[:limit], limit) if len(found) > limit else {}
    return answer(found[:limit], headers=headers)


def next_deliveries(
    request: Request, topic: str, event_id: str, listed: list[Copy], limit: int
) -> dict[str, str]:
    """Return the header that leads to the deliveries after those that are listed."""
    query = {"topic": topic, "event_id": event_id, "after": listed[-1].delivery, "limit": limit}
    return {"Link": f'<{reference(request.scope, f"/deliveries?{urlencode(query)}")}>; rel="next"'}


@route(
    router,
    "/deliveries/{delivery}",
    summary="One delivery as it was received",
    responses={200: sends(LoggedDelivery, example=EXAMPLE), **problems(404, 422, 503)},
    openapi_extra={
        "parameters": [
            DELIVERY,
            {
                "name": "Prefer",
                "in": "header",
                "description": "`wait=5` waits so many seconds for it to be projected",
                "schema": {"type": "string"},
            },
        ]
    },
)
async def one_delivery(request: Request) -> Response:
    """A row of the log, with what became of it: `pending` until it is projected."""
    services = services_of(request)
    read_parameters(request, {})
    partition, position = place_of(request.path_params["delivery"])
    found = await _seen(request, partition, position)
    preferences = read_preferences(",".join(request.headers.getlist("prefer")))
    headers = {}
    if preferences.wait_seconds is not None:
        headers["Preference-Applied"] = f"wait={preferences.wait_seconds:g}"
        if found is not None and found.outcome == PENDING:
            await services.projected.wait({partition: position}, preferences.wait_seconds)
            found = await _seen(request, partition, position)
    if found is None:
        raise Problem("delivery_not_found", "the log has no delivery there")
    return answer(found, headers=headers)


async def _seen(request: Request, partition: int, position: int) -> LoggedDelivery | None:
    """Return a delivery; None where there is none, or one that is not for this caller."""
    found = await read(services_of(request), lambda reader: delivery(reader, partition, position))
    return found if found is not None and sees(request.scope, found.topic) else None


def place_of(name: str) -> tuple[int, int]:
    """Return partition and position of a delivery's name; raises a Problem where it is none."""
    try:
        return _place(name)
    except ValueError:
        raise Problem(
            "delivery_not_found", "a delivery is named partition:position, such as 3:1042"
        ) from None
