"""What each projection must contain, worked out from the log in plain Python: nothing here is its SQL.

A projection passes the contract suite by being listed in CONTRACTS with its rows as they are and its
rows as they should be.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from projections.custom.discovery import load
from projections.projection import CORE, TIMELINE, Projection

EXAMPLES = Path(__file__).parent / "examples"

Rows = dict[str, list[tuple[Any, ...]]]


class Delivery(NamedTuple):
    """A row of the log."""

    partition: int
    position: int
    topic: str
    event_id: str
    raw: str | None
    received_at: datetime


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
        partition, position, topic, event_id, raw, _ = delivery
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
    """Count the deliveries of each topic and minute, also those that are no event."""
    counts: Counter[tuple[int, str, datetime]] = Counter()
    for delivery in log:
        minute = delivery.received_at.replace(second=0, microsecond=0)
        counts[delivery.partition, delivery.topic, minute] += 1
    return {"timeline": sorted((*key, count) for key, count in counts.items())}


TIMELINE_CONTRACT = Contract(
    TIMELINE, {"timeline": "SELECT partition, topic, minute, received FROM timeline"}, recount_timeline
)


def _number(payload: Any) -> Decimal | None:
    """Return the number that `a` is, or None."""
    kind, value = payload.get("a", (None, None))
    return value if kind == "Decimal" else None


def recount_sums(log: Sequence[Delivery]) -> Rows:
    """Add up a number of the first delivery of each event that has it, for some topics."""
    firsts: dict[tuple[str, str], tuple[int, Decimal]] = {}
    rows: Rows = {"quarantine": []}
    for partition, position, topic, event_id, raw, _ in log:
        if topic not in SUMS.topics or (topic, event_id) in firsts:
            continue
        content = content_of(raw)
        number = _number(content.payload) if content else None
        if number is None:
            rows["quarantine"].append((partition, position))
        else:
            firsts[topic, event_id] = partition, number
    totals: Counter[tuple[int, str]] = Counter()
    for (topic, _), (partition, number) in firsts.items():
        totals[partition, topic] += number  # type: ignore[assignment]
    return {**rows, "sums": sorted((*key, total) for key, total in totals.items())}


def recount_arrivals(log: Sequence[Delivery]) -> Rows:
    """List all deliveries whose payload has a list b."""
    rows: Rows = {"arrivals": [], "quarantine": []}
    for partition, position, topic, _, raw, _ in log:
        content = content_of(raw)
        if content is None or "b" not in content.payload:
            rows["quarantine"].append((partition, position))
        else:
            rows["arrivals"].append((partition, position, topic, len(content.payload["b"])))
    return rows


SUMS = load(EXAMPLES / "sums")
SUMS_CONTRACT = Contract(
    SUMS,
    {
        "sums": "SELECT partition, topic, total FROM sums",
        "quarantine": "SELECT partition, position FROM quarantine WHERE projection = 'sums'",
    },
    recount_sums,
)
ARRIVALS = load(EXAMPLES / "arrivals")
ARRIVALS_CONTRACT = Contract(
    ARRIVALS,
    {
        "arrivals": "SELECT partition, position, topic, items FROM arrivals",
        "quarantine": "SELECT partition, position FROM quarantine WHERE projection = 'arrivals'",
    },
    recount_arrivals,
)

CONTRACTS = (CORE_CONTRACT, TIMELINE_CONTRACT, SUMS_CONTRACT, ARRIVALS_CONTRACT)
