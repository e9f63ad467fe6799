"""What /openapi.json says of GET /events/stream, which FastAPI does not serve and so cannot describe."""

from typing import Any

from api.requests.parameters import documented
from api.routes.read_route import problems
from api.routes.stream import PARAMETERS

DESCRIPTION = """Every event once, in the order of its partition, live: as server-sent events, or as NDJSON on
request. `data` is an event as in `GET /events`; `id`, or `cursor` in NDJSON, is the place after it.

An event `place`, whose data is `{}`, says in its `id` how far the log is: at the beginning, and to whom
nothing has come for 15 s. A
reader that does not keep up gets an event `overflow` and is cut off; a stream that ends for another reason
has an event `error` that says why. What is taken out of quarantine later lies before the place of whoever
follows: it is in `GET /events` alone."""


def operation() -> dict[str, Any]:
    """Return the OpenAPI operation."""
    last_event_id = {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The `id` that came last: goes on right after it, without a gap or a repeat.",
    }
    return {
        "operationId": "events_stream",
        "tags": ["reading"],
        "summary": "Events as they come",
        "description": DESCRIPTION,
        "parameters": [*documented(PARAMETERS)["parameters"], last_event_id],
        "responses": {
            "200": {
                "description": "a stream without an end",
                "content": {
                    kind: {"schema": {"type": "string"}}
                    for kind in ("text/event-stream", "application/x-ndjson")
                },
            },
            **{str(status): answer for status, answer in problems(422, 429, 503).items()},
        },
    }
