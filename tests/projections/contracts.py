"""What each projection must contain, worked out from the log in plain Python: nothing here is its SQL.

A projection passes the contract suite by being listed in CONTRACTS with its rows as they are and its
rows as they should be.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from projections.projection import CORE, TIMELINE, Projection

Rows = dict[str, list[tuple[Any, ...]]]


class Delivery(NamedTuple):
    """A row of the log."""

    partition: int
    position: int
    topic: str
    event_id: str
    raw: str | None


class Contract(NamedTuple):
    """A projection, the queries for its rows, and what they should be."""

    projection: Projection
    queries: dict[str, str]
    recount: Callable[[Sequence[Delivery]], Rows]


class Content(NamedTuple):
    """What of an event is compared, and its time."""

    timestamp: datetime
    source: str
    payload: Any


def content_of(raw: str | None) -> Content | None:
    """Read an event; None when it can be no event at all."""
    if raw is None or "\\u0000" in raw or "\\ud800" in raw:
        return None
    try:
        event = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
        moment = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
        if not isinstance(event["payload"], dict) or moment.year < 1970:
            return None
        return Content(moment, event["source"], typed(event["payload"]))
    except (ValueError, TypeError, KeyError):
        return None


def typed(value: Any) -> Any:
    """Make JSON values equal only when JSON says so: to Python, true is 1."""
    if isinstance(value, dict):
        return {key: typed(member) for key, member in value.items()}
    if isinstance(value, list):
        return [typed(member) for member in value]
    return (type(value).__name__, value)


def firsts_of(log: Sequence[Delivery]) -> dict[tuple[str, str], tuple[Delivery, Content]]:
    """Return the first delivery of each event that can be digested."""
    firsts: dict[tuple[str, str], tuple[Delivery, Content]] = {}
    for delivery in log:
        content = content_of(delivery.raw)
        if content is not None:
            firsts.setdefault((delivery.topic, delivery.event_id), (delivery, content))
    return firsts


def recount_core(log: Sequence[Delivery]) -> Rows:
    """Play the log: the first delivery of each event is the event, all later ones are duplicates."""
    firsts: dict[tuple[str, str], tuple[Delivery, Content]] = {}
    rows: Rows = {"events": [], "duplicates": [], "conflicts": [], "quarantine": []}
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for delivery in log:
        partition, position, topic, event_id, raw = delivery
        content = content_of(raw)
        if content is None:
            rows["quarantine"].append((partition, position, topic, event_id))
            counts[topic][3] += 1
            continue
        if (topic, event_id) not in firsts:
            firsts[topic, event_id] = delivery, content
            rows["events"].append((partition, position, topic, event_id, content.timestamp, content.source))
            counts[topic][0] += 1
            continue
        first, first_content = firsts[topic, event_id]
        rows["duplicates"].append((partition, first.position, position))
        counts[topic][1] += 1
        if content[1:] != first_content[1:]:
            rows["conflicts"].append((partition, first.position, position, topic, event_id))
            counts[topic][2] += 1
    rows["stats"] = [(topic, sum(n) - n[2], *n) for topic, n in counts.items()]
    return {name: sorted(each) for name, each in rows.items()}


CORE_CONTRACT = Contract(
    CORE,
    {
        "events": "SELECT partition, position, topic, event_id, timestamp, source FROM events",
        "duplicates": "SELECT partition, first_position, position FROM duplicates",
        "conflicts": "SELECT partition, first_position, position, topic, event_id FROM conflicts",
        "quarantine": "SELECT partition, position, topic, event_id FROM quarantine WHERE projection = 'core'",
        "stats": "SELECT topic, received, unique_processed, duplicate_dropped, conflicts, quarantined"
        " FROM stats",
    },
    recount_core,
)


def recount_timeline(log: Sequence[Delivery]) -> Rows:
    """Count the events of each topic and minute."""
    counts: Counter[tuple[int, str, datetime]] = Counter()
    for delivery, content in firsts_of(log).values():
        counts[delivery.partition, delivery.topic, content.timestamp.replace(second=0, microsecond=0)] += 1
    return {"timeline": sorted((*key, count) for key, count in counts.items())}


TIMELINE_CONTRACT = Contract(
    TIMELINE, {"timeline": "SELECT partition, topic, minute, events FROM timeline"}, recount_timeline
)

CONTRACTS = (CORE_CONTRACT, TIMELINE_CONTRACT)
