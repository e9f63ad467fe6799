"""How a caller stands with their quotas, as headers of each answer to them.

The form is that of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` names what holds, and `RateLimit`
what is left of it. Both tell of this process: its share of a rate, which is what a connection to it can have.
"""

from eventlog.keys.meter import KeyMeter, QuotaStanding

Headers = list[tuple[bytes, bytes]]
# The draft counts requests where nothing else is said, and has names for these other units.
_UNITS = {"bytes_per_second": "content-bytes", "streams": "concurrent-requests"}


def headers_of(meter: KeyMeter | None) -> Headers:
    """Return both headers; none where there are no quotas."""
    standings = [] if meter is None else list(meter.standings())
    if not standings:
        return []
    return [
        (b"ratelimit-policy", ", ".join(map(_policy, standings)).encode()),
        (b"ratelimit", ", ".join(map(_left, standings)).encode()),
    ]


def _policy(standing: QuotaStanding) -> str:
    unit = _UNITS.get(standing.name)
    said = f'"{_named(standing)}";q={standing.share}'
    said += "" if standing.window is None else f";w={standing.window}"
    return said if unit is None else f'{said};qu="{unit}"'


def _left(standing: QuotaStanding) -> str:
    said = f'"{_named(standing)}";r={standing.left}'
    return said if standing.reset_seconds is None else f"{said};t={standing.reset_seconds}"


def _named(standing: QuotaStanding) -> str:
    return standing.name.replace("_", "-")
