"""Which answers are worth another attempt, and how long to wait before it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from eventlog.sessions.backoff import pause_seconds

BACKOFF_MAX_SECONDS = 10.0


def is_retryable(status: int) -> bool:
    """Tell whether the same bytes may fare better later: 408, 429 and every 5xx."""
    return status in (408, 429) or status >= 500


def may_be_stored(status: int, code: str | None) -> bool:
    """Tell whether a failed attempt may have reached the log all the same.

    Only an answer of ours that names a code other than `outcome_unknown` is proof that nothing was
    stored. A bare 502 or 504 from something in between proves nothing.
    """
    return status >= 500 and (code is None or code in ("outcome_unknown", "internal_error"))


def retry_after_seconds(value: str | None, now: datetime) -> float:
    """Read a Retry-After header: whole seconds or an HTTP date; 0 when there is none or it is nonsense."""
    if not value:
        return 0.0
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def wait_seconds(attempt: int, retry_after: float) -> float:
    """Choose the pause after failed attempt number `attempt` (1, 2, …): what was asked for, and more."""
    return retry_after + pause_seconds(attempt, BACKOFF_MAX_SECONDS)
