"""Which form of an answer a client likes best, by its Accept."""

import math
from collections.abc import Sequence

from fastapi import Request

from api.errors import Problem
from eventlog.intake.media_type import are_lines

JSON = "application/json"
LINES = "application/x-ndjson"
EVENT_STREAM = "text/event-stream"
CSV = "text/csv"
HTML = "text/html"
CLOUDEVENT = "application/cloudevents+json"
CLOUDEVENTS_BATCH = "application/cloudevents-batch+json"


def form_of(request: Request, *offered: str) -> str:
    """Return the media type to answer with. Raises the Problem of a client that takes none of those."""
    found = preferred(",".join(request.headers.getlist("accept")), offered)
    if found is None:
        raise Problem("not_acceptable", f"this route answers {' or '.join(offered)}, as Accept may say")
    return found


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Return what is liked best of what is offered, by the client's name for it; None for nothing.

    An exact name counts before a wildcard (RFC 9110, 12.5.1); of two that are liked alike, the one that is
    named first. Who only says what is not wanted gets something else.
    """
    ranges = [_range(item) for item in accept.lower().split(",") if item.strip()]
    if not any(weight for _, weight in ranges):
        ranges.append(("*/*", 1.0))
    weight, *_, name = max((_liking(media, ranges) for media in offered), key=lambda each: each[:3])
    return name if weight else None


def _liking(media: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int, int, str]:
    """Return the weight of a media type, how exactly and how early it is named, and its name."""
    named = [
        (weight, 2, -place, kind)
        for place, (kind, weight) in enumerate(ranges)
        if kind == media or (media == LINES and are_lines(kind))
    ]
    if named:
        return max(named)
    for exactness, wildcard in ((1, f"{media.partition('/')[0]}/*"), (0, "*/*")):
        weights = [weight for kind, weight in ranges if kind == wildcard]
        if weights:
            return max(weights), exactness, 0, media
    return 0.0, 0, 0, media


def _range(item: str) -> tuple[str, float]:
    """Return a media range and its weight. Java sends `*; q=.2`."""
    kind, *parameters = (part.strip() for part in item.split(";"))
    named = dict(part.partition("=")[::2] for part in parameters)
    return "*/*" if kind == "*" else kind, _weight(named.get("q", "1"))


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return min(1.0, max(0.0, weight)) if math.isfinite(weight) else 1.0
