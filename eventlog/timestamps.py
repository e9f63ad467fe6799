"""How moments are written, everywhere."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

# A moment as `rfc3339` writes it.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond, or to the microsecond where it has some."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")[:26]
    return f"{text[:23] if text.endswith('000') else text}Z"
