"""GET /stats: the books."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import UNSET, Meta, UnsetType

from api.openapi import schema_of, sends
from api.requests.parameters import Parameter, documented, read_parameters, topic_pattern, whole_number
from api.requests.topics import seen_pattern, sees_all
from api.routes.read_route import answer, problems, read_at_length, route, services_of
from api.services.cached_books import Reading
from api.wiring import Services
from eventlog import __version__
from eventlog.timestamps import Moment
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


class TopicStats(msgspec.Struct, frozen=True):
    """What is projected of one topic."""

    topic: str
    received: int
    unique_processed: int
    duplicate_dropped: int
    conflicts: int
    quarantined: int


# The objects are made in SQL: there may be a hundred thousand.
ByTopic = Annotated[msgspec.Raw, Meta(extra_json_schema=schema_of(list[TopicStats]))]


class StatsOfSome(msgspec.Struct, frozen=True):
    """The counts of those topics that a key sees."""

    topics: None
    by_topic: ByTopic
    version: str


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The books, all counts from one snapshot."""

    received: Annotated[
        int, Meta(description="deliveries in the log: unique + duplicate + quarantined + pending")
    ]
    unique_processed: int
    duplicate_dropped: int
    conflicts: Annotated[
        int,
        Meta(description="duplicates whose content differs from the first; a part of duplicate_dropped"),
    ]
    quarantined: int
    pending: Annotated[int, Meta(description="received and not yet projected")]
    topics: Annotated[int, Meta(description="how many topics there are")]
    by_topic: ByTopic
    by_topic_age_seconds: Annotated[
        float | UnsetType,
        Meta(
            description="how long ago the counts by topic were taken, where there are very many; left out "
            "where they are of the same snapshot as all others"
        ),
    ] = UNSET
    queue_size: Annotated[int, Meta(description="events that wait for this process's writer")]
    workers: Annotated[
        int, Meta(description="projector workers connected to the database, wherever they run")
    ]
    uptime_seconds: int
    started_at: Moment
    version: str
    balanced: Annotated[
        bool,
        Meta(description="computed: per partition and in total, every delivery is accounted for once"),
    ]


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
    responses={200: sends(Stats, also=StatsOfSome), **problems(422, 503)},
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
        return answer(StatsOfSome(None, by_topic, __version__))
    return answer(
        Stats(
            received=counts.received,
            unique_processed=counts.unique_processed,
            duplicate_dropped=counts.duplicate_dropped,
            conflicts=counts.conflicts,
            quarantined=counts.quarantined,
            pending=counts.pending,
            topics=counts.topics or 0,
            by_topic=by_topic,
            by_topic_age_seconds=round(age_seconds, 3) if age_seconds else UNSET,
            queue_size=services.queue_size,
            workers=counts.workers,
            uptime_seconds=max(0, int((datetime.now(UTC) - services.member.started_at).total_seconds())),
            started_at=rfc3339(services.member.started_at),
            version=__version__,
            balanced=counts.balanced,
        )
    )
