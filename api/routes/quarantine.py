"""GET /quarantine: what could not be digested, by cause."""

from fastapi import APIRouter, Request, Response

from api import answers
from api.parameters import Parameter, documented, read_parameters, text, whole_number
from api.reading import answer, problems, read, route, services_of
from eventlog.read import quarantined

router = APIRouter(tags=["reading"])

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000

PARAMETERS = {
    "topic": Parameter(text, "Only deliveries of this topic.", {"type": "string"}),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most causes.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
}


@route(
    router,
    "/quarantine",
    summary="What is in quarantine, by cause",
    openapi_extra=documented(PARAMETERS),
    responses={200: {"model": list[answers.Cause]}, **problems(422, 503)},
)
async def quarantine(request: Request) -> Response:
    """Deliveries that the live projections set aside; the rest of their batches went on."""
    values = read_parameters(request, PARAMETERS)
    causes = await read(
        services_of(request),
        lambda reader: quarantined(reader, values.get("topic"), values.get("limit", LIMIT_DEFAULT)),
    )
    return answer(causes)
