"""End to end over one database in portions: loads that do not fit a generator's memory at once."""

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tests.benchmarks.arena import Place
from tests.benchmarks.deliveries import PLAIN_PAYLOAD_BYTES, Load
from tests.benchmarks.publishing import Published, publish
from tests.benchmarks.service import Service
from tests.benchmarks.stored import stored

# What a generator makes ahead, and what one request may hold.
PORTION_BYTES = 512 << 20
BODY_BYTES = 4 << 20
BATCH = 1_000
CONNECTIONS = 16
# The text of an event but for its payload.
FRAME_BYTES = 160
# What a delivery takes on disk with all that is derived from it, and what PostgreSQL keeps of its WAL.
STORED_BYTES = 1_000
WAL_KEPT_BYTES = 5 << 30


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One variant of a factor: a line of the results."""

    factor: str
    variant: str
    events: int
    events_per_second: float
    details: dict[str, Any]
    cpu: dict[str, float] = {}
    faults: list[str] = []
    commit: str = ""
    date: str = ""


def portions(load: Load) -> Iterator[Load]:
    """Yield loads of one kind, with different events, that add up to a large one."""
    event_bytes = FRAME_BYTES + max(load.payload_bytes, PLAIN_PAYLOAD_BYTES)
    batch = max(min(BATCH, BODY_BYTES // event_bytes), 1)
    most = max(PORTION_BYTES // event_bytes // batch, 1) * batch
    for first in range(0, load.events, most):
        yield Load(
            events=min(most, load.events - first),
            batch=batch,
            duplicates=load.duplicates,
            topics=load.topics,
            hot=load.hot,
            payload_bytes=load.payload_bytes,
            random_ids=load.random_ids,
        )


def publish_all(
    place: Place, up: Service, load: Load, bound: int, *, workers: bool = True
) -> list[Published]:
    """Publish a load in portions, each until core has all of it."""
    return [
        publish(place, up, portion, connections=CONNECTIONS, workers=workers, most_pending=bound)
        for portion in portions(load)
    ]


def rate(published: Sequence[Published]) -> float:
    """Return events/s over portions, without the time between them."""
    events = sum(each.report.accepted_events for each in published)
    return events / sum(each.report.accepted_events / (each.projected or each.accepted) for each in published)


def details(place: Place, published: Sequence[Published]) -> dict[str, Any]:
    """Return what the portions took, once all projections have caught up."""
    place.wait_until_projected()
    events = sum(each.report.accepted_events for each in published)
    return {
        "most_pending": max(each.most_pending for each in published),
        "wal_bytes_per_event": round(sum(each.cost.wal_bytes for each in published) / events),
        "api_peak_mib": max(each.api_peak_bytes for each in published) >> 20,
        **stored(place.observer, place.received()),
    }


def cpu(published: Sequence[Published]) -> dict[str, float]:
    """Return µs of CPU per event by who, over all portions."""
    seconds: dict[str, float] = {}
    for each in published:
        for who, spent in each.cost.cpu_seconds.items():
            seconds[who] = seconds.get(who, 0.0) + spent
    events = sum(each.report.accepted_events for each in published)
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return {who: round(spent / events * 1e6, 2) for who, spent in ordered}


def room_for(place: Place, deliveries: int) -> bool:
    """Say whether the disk takes so many deliveries."""
    free = shutil.disk_usage(place.server.directory.path).free
    return free > deliveries * STORED_BYTES * 1.2 + WAL_KEPT_BYTES
