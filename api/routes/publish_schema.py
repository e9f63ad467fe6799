"""What /openapi.json says of POST /publish, which FastAPI does not serve and so cannot describe."""

from typing import Any

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["topic", "event_id", "timestamp", "source", "payload"],
    "properties": {
        "topic": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "description": "1 – 255 bytes of UTF-8; `domain.entity.action` is recommended. No control "
            "characters, no surrounding white space, no `*`, not beginning with `$`.",
        },
        "event_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "description": "1 – 255 bytes of UTF-8, unique within its topic for ever.",
        },
        "timestamp": {"type": "string", "format": "date-time", "description": "RFC 3339 with a zone."},
        "source": {"type": "string", "minLength": 1, "maxLength": 255},
        "payload": {"type": "object", "description": "Comes back as the text that was sent."},
    },
    "example": {
        "topic": "payment.notification",
        "event_id": "3832d20e7-101",
        "timestamp": "2025-10-21T10:00:00.000Z",
        "source": "payment-gateway-A",
        "payload": {"amount": 500000},
    },
}
PLACE = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("partition", "first", "last")},
}
FAULT = {
    "type": "object",
    "properties": {
        "index": {"type": ["integer", "null"]},
        **{name: {"type": "string"} for name in ("pointer", "code", "detail")},
    },
}
RESULT = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("topic", "event_id", "delivery")},
        "outcome": {"type": "string", "enum": ["unique", "duplicate", "conflict", "quarantined"]},
    },
}
ACCEPTED = {
    "type": "object",
    "required": ["status", "accepted", "deliveries"],
    "properties": {
        "status": {"type": "string", "const": "accepted"},
        "accepted": {"type": "integer"},
        "deliveries": {"type": "array", "items": PLACE},
        "rejected": {"type": "array", "items": FAULT},
        "results": {"type": "array", "items": RESULT},
    },
}
PROBLEM = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "code", "request_id")},
        "status": {"type": "integer"},
        "retryable": {"type": "boolean"},
        "errors": {"type": "array", "items": FAULT},
    },
}
REFUSALS = {
    "400": "malformed JSON or text that cannot be stored; `code` says which",
    "413": "body, event or batch too large",
    "415": "another content type, charset or content encoding",
    "422": "a field is missing, wrong or illegal: one entry for each",
    "503": "queue full, database away, or outcome unknown: try again with the same event_id",
    "507": "the database's disk is full",
}


def operation(path: str) -> dict[str, Any]:
    """Return the OpenAPI operation of POST on one of the two paths."""
    body = {
        "oneOf": [
            EVENT,
            {"type": "array", "items": EVENT, "minItems": 1},
            {
                "type": "object",
                "required": ["events"],
                "properties": {"events": {"type": "array", "items": EVENT, "minItems": 1}},
            },
        ]
    }
    problem = {"application/problem+json": {"schema": PROBLEM}}
    return {
        "operationId": path.strip("/").replace("/", "_"),
        "tags": ["publish"],
        "summary": "Publish one event or many",
        "description": "Answers once the deliveries are durable. A batch is all or nothing, unless "
        "`Prefer: handling=lenient`. `Prefer: wait=5` waits for the projection.",
        "parameters": [{"name": "Prefer", "in": "header", "schema": {"type": "string"}, "example": "wait=5"}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "202": {"description": "durable", "content": {"application/json": {"schema": ACCEPTED}}},
            "200": {
                "description": "durable and projected",
                "content": {"application/json": {"schema": ACCEPTED}},
            },
            **{
                status: {"description": description, "content": problem}
                for status, description in REFUSALS.items()
            },
        },
    }
