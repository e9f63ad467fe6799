"""GET /stats: the books."""

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response

from api import answers
from api.requests.parameters import Parameter, documented, read_parameters, topic_pattern, whole_number
from api.requests.topics import seen_pattern, sees_all
from api.routes.read_route import answer, problems, read_at_length, route, services_of
from api.services.cached_books import Reading
from api.wiring import Services
from eventlog import __version__
from projections.read import EVERY_TOPIC, Books, TopicRange, books, rfc3339, topics_like
from projections.read.stats import Counted

router = APIRouter(tags=["reading"])

TOPICS_DEFAULT = 100
TOPICS_MAX = 100_000

PARAMETERS = {
    "topic": Parameter(
        topic_pattern,
        "Only this topic in `by_topic`, or those that begin as `order.*` says; the totals stay those of all.",
        {"type": "string", "maxLength": 255, "example": "order.*"},
    ),
    "topics": Parameter(
        whole_number(0, TOPICS_MAX),
        "How many of the largest topics `by_topic` lists.",
        {"type": "integer", "minimum": 0, "maximum": TOPICS_MAX, "default": TOPICS_DEFAULT},
    ),
}


LESS = "ask for fewer topics"


def counted_by(services: Services) -> Reading:
    """Return how this process reads the books."""

    async def read_books(counted: Counted, listed: TopicRange, topics: int) -> Books:
        return await read_at_length(services, lambda reader: books(reader, counted, listed, topics), LESS)

    return read_books


@route(
    router,
    "/stats",
    summary="The books",
    openapi_extra=documented(PARAMETERS),
    responses={200: {"model": answers.Stats}, **problems(422, 503)},
)
async def stats(request: Request) -> Response:
    """All counts from one snapshot: received = unique + duplicate + quarantined + pending."""
    services = services_of(request)
    values = read_parameters(request, PARAMETERS)
    topics = values.get("topics", TOPICS_DEFAULT)
    topic = seen_pattern(request.scope, values.get("topic"))
    listed = EVERY_TOPIC if topic is None else topics_like(topic)
    counts, age_seconds = await services.bookkeeper.books(counted_by(services), topics, listed)
    by_topic = msgspec.Raw(f"[{','.join(counts.by_topic)}]".encode())
    if not sees_all(request.scope):
        return answer({"topics": None, "by_topic": by_topic, "version": __version__})
    return answer(
        {
            "received": counts.received,
            "unique_processed": counts.unique_processed,
            "duplicate_dropped": counts.duplicate_dropped,
            "conflicts": counts.conflicts,
            "quarantined": counts.quarantined,
            "pending": counts.pending,
            "topics": counts.topics,
            "by_topic": by_topic,
            **({"by_topic_age_seconds": round(age_seconds, 3)} if age_seconds else {}),
            "queue_size": services.queue_size,
            "workers": counts.workers,
            "uptime_seconds": max(0, int((datetime.now(UTC) - services.member.started_at).total_seconds())),
            "started_at": rfc3339(services.member.started_at),
            "version": __version__,
            "balanced": counts.balanced,
        }
    )
