"""Events for tests."""

from typing import Any


def event(**fields: Any) -> dict[str, Any]:
    """Return an acceptable event, with some fields of one's own."""
    return {
        "topic": "payment.notification",
        "event_id": "3832d20e7-101",
        "timestamp": "2025-10-21T10:00:00.000Z",
        "source": "payment-gateway-A",
        "payload": {"amount": 500000},
        **fields,
    }
