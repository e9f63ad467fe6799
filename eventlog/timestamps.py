"""How moments are written, everywhere."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond, or to the microsecond where it has some."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")[:26]
    return f"{text[:23] if text.endswith('000') else text}Z"
