"""A delivery as a projection gets it."""

from datetime import datetime
from typing import Any

import msgspec


class Delivery(msgspec.Struct, frozen=True):
    """One delivery of a batch. In SQL, `{batch}` has these columns: payload is jsonb, raw is json."""

    partition: int
    position: int
    topic: str
    event_id: str
    timestamp: datetime
    source: str
    payload: dict[str, Any]
    received_at: datetime
    raw: str  # the event's exact text


class Indigestible(ValueError):
    """What a projection in Python raises for a delivery that can never be projected."""
