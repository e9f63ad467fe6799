"""What /openapi.json says of POST /publish, which FastAPI does not serve and so cannot describe."""

from typing import Any

import msgspec

from api.http.negotiation import CLOUDEVENT, CLOUDEVENTS_BATCH, LINES
from api.openapi import sends, takes
from api.routes.publish import PublishAccepted
from api.routes.read_route import problems
from eventlog.intake.own import PublishedEvent

EVENT: dict[str, Any] = {
    "topic": "payment.notification",
    "event_id": "3832d20e7-101",
    "timestamp": "2025-10-21T10:00:00.000Z",
    "source": "payment-gateway-A",
    "payload": {"amount": 500000},
}
ACCEPTED = {
    "status": "accepted",
    "accepted": 1,
    "deliveries": [{"partition": 3, "first": 1042, "last": 1042}],
}


class EventBatch(msgspec.Struct):
    """Several events."""

    events: list[PublishedEvent]


def operation(path: str) -> dict[str, Any]:
    """Return the OpenAPI operation of POST on one of the two paths."""
    body = takes(PublishedEvent, list[PublishedEvent], EventBatch, example=EVENT)
    body["content"][LINES] = {"schema": {"type": "string", "description": "one event a line"}}
    body["content"][CLOUDEVENT] = {"schema": {"type": "object", "description": "a CloudEvent, structured"}}
    body["content"][CLOUDEVENTS_BATCH] = {
        "schema": {"type": "array", "items": {"type": "object"}, "description": "CloudEvents 1.0, or none"}
    }
    return {
        "operationId": path.strip("/").replace("/", "_"),
        "tags": ["publish"],
        "summary": "Publish one event or many",
        "description": "Answers once the deliveries are durable. A batch is all or nothing, unless "
        "`Prefer: handling=lenient`. `Prefer: wait=5` waits for the projection. A CloudEvent may also have "
        "its attributes in headers (`ce-specversion`, `ce-id` …), and data of any type as the body.",
        "parameters": [{"name": "Prefer", "in": "header", "schema": {"type": "string"}, "example": "wait=5"}],
        "requestBody": body,
        "responses": {
            "202": sends(PublishAccepted, "durable", example=ACCEPTED),
            "200": sends(PublishAccepted, "durable and projected"),
            **{str(status): answer for status, answer in problems(400, 413, 415, 422, 429, 503, 507).items()},
        },
    }
