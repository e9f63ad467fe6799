"""/quarantine: what could not be digested, by cause; POST …/retry plays it again; what retries changed."""

from fastapi import APIRouter, Request, Response

from api.errors import Problem
from api.http.body import require_no_body
from api.openapi import sends
from api.requests.parameters import Parameter, documented, read_parameters, text, topic_pattern, whole_number
from api.requests.topics import caller_of, seen_pattern
from api.routes.deliveries import DELIVERY, place_of
from api.routes.read_route import answer, problems, read, read_at_length, route, services_of
from api.services.retry_subprocess import retried
from projections.quarantine.retry import Retried
from projections.read import EVERY_TOPIC, Cause, quarantined, topics_like
from projections.read.quarantine import NUMBER_MAX, Retry, is_quarantined, retries

router = APIRouter(tags=["reading"])

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000

PARAMETERS = {
    "topic": Parameter(
        topic_pattern,
        "Only deliveries of this topic; `order.*` takes every topic that begins with `order.`.",
        {"type": "string", "maxLength": 255, "example": "order.*"},
    ),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most causes.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
}
RETRY = {"projection": Parameter(text, "Only in this projection.", {"type": "string"})}
RETRIES = {
    "projection": Parameter(
        text, "Of this projection; core by default.", {"type": "string", "default": "core"}
    ),
    "after": Parameter(
        whole_number(0, NUMBER_MAX),
        "Those after this number.",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
    "limit": PARAMETERS["limit"],
}


@route(
    router,
    "/quarantine",
    summary="What is in quarantine, by cause",
    openapi_extra=documented(PARAMETERS),
    responses={200: sends(list[Cause]), **problems(422, 503)},
)
async def quarantine(request: Request) -> Response:
    """Deliveries that the live projections set aside; the rest of their batches went on."""
    values = read_parameters(request, PARAMETERS)
    topic = seen_pattern(request.scope, values.get("topic"))
    topics = EVERY_TOPIC if topic is None else topics_like(topic)
    causes = await read_at_length(
        services_of(request),
        lambda reader: quarantined(reader, topics, values.get("limit", LIMIT_DEFAULT)),
        "ask for one topic",
    )
    return answer(causes)


@router.post(
    "/quarantine/{delivery}/retry",
    summary="Play a delivery again",
    openapi_extra={"parameters": [DELIVERY, *documented(RETRY)["parameters"]]},
    responses={200: sends(list[Retried]), **problems(404, 409, 422, 503)},
)
async def retry(request: Request) -> Response:
    """Play all deliveries of its event again, in log order; what fails again stays where it is."""
    projection = read_parameters(request, RETRY).get("projection")
    require_no_body(request)
    partition, position = place_of(request.path_params["delivery"])
    services = services_of(request)
    if not await read(services, lambda reader: is_quarantined(reader, partition, position, projection)):
        raise Problem("not_quarantined", "no live projection has that delivery in quarantine")
    found = f"{partition}:{position}"
    return answer(await retried(services.retries, services.operations.dsn, found, projection))


@route(
    router,
    "/quarantine/retries",
    summary="What retries have changed",
    openapi_extra=documented(RETRIES),
    responses={200: sends(list[Retry]), **problems(422, 503)},
)
async def all_retries(request: Request) -> Response:
    """One entry an event, numbered 1, 2, 3 …: whoever follows by position learns here what came late."""
    values = read_parameters(request, RETRIES)
    found = await read(
        services_of(request),
        lambda reader: retries(
            reader,
            values.get("projection", "core"),
            values.get("after", 0),
            values.get("limit", LIMIT_DEFAULT),
        ),
    )
    scopes = caller_of(request.scope).scopes
    return answer([retry for retry in found if scopes.cover("read", retry.topic)])
