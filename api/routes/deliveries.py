"""GET /deliveries/{partition}:{position}."""

import re

from fastapi import APIRouter, Request, Response

from api import answers
from api.errors import Problem
from api.parameters import read_parameters
from api.reading import answer, problems, read, route, services_of
from api.routes.publish import read_preferences
from eventlog.read import delivery
from eventlog.read.deliveries import PENDING

router = APIRouter(tags=["reading"])

PLACE = re.compile(r"(0|[1-9][0-9]{0,4}):([1-9][0-9]{0,18})")
PARTITION_MAX, POSITION_MAX = (1 << 15) - 1, (1 << 63) - 1
DELIVERY = {
    "name": "delivery",
    "in": "path",
    "required": True,
    "description": "partition:position",
    "schema": {"type": "string", "pattern": f"^{PLACE.pattern}$", "example": "3:1042"},
}


@route(
    router,
    "/deliveries/{delivery}",
    summary="One delivery as it was received",
    responses={200: {"model": answers.Delivery}, **problems(404, 503)},
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
    found = await read(services, lambda reader: delivery(reader, partition, position))
    preferences = read_preferences(",".join(request.headers.getlist("prefer")))
    headers = {}
    if preferences.wait_seconds is not None:
        headers["Preference-Applied"] = f"wait={preferences.wait_seconds:g}"
        if found is not None and found.outcome == PENDING:
            await services.projected.wait({partition: position}, preferences.wait_seconds)
            found = await read(services, lambda reader: delivery(reader, partition, position))
    if found is None:
        raise Problem(404, "delivery_not_found", "the log has no delivery there")
    return answer(found, headers=headers)


def place_of(text: str) -> tuple[int, int]:
    """Return partition and position of a delivery's name; raises a Problem where it is none."""
    match = PLACE.fullmatch(text)
    if match is None or int(match[1]) > PARTITION_MAX or int(match[2]) > POSITION_MAX:
        raise Problem(404, "delivery_not_found", "a delivery is named partition:position, such as 3:1042")
    return int(match[1]), int(match[2])
