"""GET /stats: the books."""

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response

from api import answers
from api.parameters import Parameter, documented, one_topic, read_parameters, whole_number
from api.reading import answer, problems, read, route, services_of
from eventlog import __version__
from eventlog.read import books, rfc3339

router = APIRouter(tags=["reading"])

TOPICS_DEFAULT = 100
TOPICS_MAX = 100_000

PARAMETERS = {
    "topic": Parameter(
        one_topic, "Only this topic in `by_topic`; the totals stay those of all.", {"type": "string"}
    ),
    "topics": Parameter(
        whole_number(0, TOPICS_MAX),
        "How many of the largest topics `by_topic` lists.",
        {"type": "integer", "minimum": 0, "maximum": TOPICS_MAX, "default": TOPICS_DEFAULT},
    ),
}


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
    counts = await read(
        services,
        lambda reader: books(reader, topic=values.get("topic"), topics=values.get("topics", TOPICS_DEFAULT)),
    )
    return answer(
        {
            "received": counts.received,
            "unique_processed": counts.unique_processed,
            "duplicate_dropped": counts.duplicate_dropped,
            "conflicts": counts.conflicts,
            "quarantined": counts.quarantined,
            "pending": counts.pending,
            "topics": counts.topics,
            "by_topic": msgspec.Raw(counts.by_topic.encode()),
            "queue_size": services.queue_size,
            "workers": counts.workers,
            "uptime_seconds": max(0, int((datetime.now(UTC) - services.member.started_at).total_seconds())),
            "started_at": rfc3339(services.member.started_at),
            "version": __version__,
            "balanced": counts.balanced,
        }
    )
