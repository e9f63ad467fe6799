"""GET /timeline: how many deliveries were received over time.

By topic it costs with what was received in that time; of all topics together, with the number of buckets.
"""

from fastapi import APIRouter, Request, Response

from api.openapi import sends
from api.requests.parameters import (
    Parameter,
    documented,
    moment,
    one_of,
    read_parameters,
    topic_pattern,
    whole_number,
)
from api.requests.topics import seen_pattern
from api.routes.read_route import answer, problems, read_at_length, route, services_of
from projections.read.timeline import BUCKETS, Timeline, TimelineRange, timeline
from projections.read.topics import EVERY_TOPIC, topics_like

router = APIRouter(tags=["reading"])

LIMIT_DEFAULT = 1_000
LIMIT_MAX = 10_000

PARAMETERS = {
    "topic": Parameter(
        topic_pattern,
        "Only this topic; `order.*` takes every topic that begins with `order.`.",
        {"type": "string", "maxLength": 255, "example": "order.*"},
    ),
    "by": Parameter(
        one_of("topic", "time"),
        "Count each topic, or all of them together: then also what is not projected yet.",
        {"type": "string", "enum": ["topic", "time"], "default": "topic"},
    ),
    "bucket": Parameter(
        one_of(*BUCKETS),
        "How long a bucket is; they begin on the minute, the hour or the day, in UTC.",
        {"type": "string", "enum": list(BUCKETS), "default": "minute"},
    ),
    "since": Parameter(
        moment, "From the bucket on that has this moment.", {"type": "string", "format": "date-time"}
    ),
    "until": Parameter(
        moment, "Only buckets that begin before this moment.", {"type": "string", "format": "date-time"}
    ),
    "order": Parameter(
        one_of("asc", "desc"),
        "Which bucket comes first; of `desc` the oldest are missing where it is not complete.",
        {"type": "string", "enum": ["asc", "desc"], "default": "asc"},
    ),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most counts, of all topics together the most buckets, empty ones among them; where there are "
        "more, `complete` is false.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
}


@route(
    router,
    "/timeline",
    summary="Deliveries over time",
    openapi_extra=documented(PARAMETERS),
    responses={200: sends(Timeline), **problems(422, 503)},
)
async def deliveries_over_time(request: Request) -> Response:
    """How many deliveries, of each topic or of all, were received in each minute, hour or day."""
    services = services_of(request)
    values = read_parameters(request, PARAMETERS)
    topic = seen_pattern(request.scope, values.get("topic"))
    topics = EVERY_TOPIC if topic is None else topics_like(topic)
    span = TimelineRange(
        limit=values.get("limit", LIMIT_DEFAULT),
        bucket=values.get("bucket", "minute"),
        since=values.get("since"),
        until=values.get("until"),
        newest_first=values.get("order") == "desc",
    )
    by_topic = values.get("by", "topic") == "topic"
    found = await read_at_length(
        services,
        lambda reader: timeline(reader, span, topics, services.partitions, by_topic=by_topic),
        "ask for a shorter time, or for longer buckets",
    )
    return answer(found)
