"""Durable appends over HTTP, by batch size and number of connections; no workers."""

from collections.abc import Sequence

from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, percentiles
from tests.benchmarks.publishing import Published, publish, verified
from tests.benchmarks.service import Service, service

# A batch size, and the figure it is a part of.
BATCHES = {1_000: "append", 100: "http_1000_by_32", 1: "http_100_by_32"}


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    figures = []
    for batch, above in BATCHES.items():
        with arena.place() as place, service(place.dsn, 0) as up:
            figures += of_size(place, up, sizes, batch, above)
    return figures


def of_size(place: Place, up: Service, sizes: Sizes, batch: int, above: str) -> list[Figure]:
    """Measure one batch size at each number of connections, in one fresh database."""
    events = sizes.singles if batch == 1 else sizes.events
    warm = publish(place, up, Load(events=batch * 64, batch=batch), connections=64, workers=False)
    published = {
        connections: publish(
            place, up, Load(events=events, batch=batch), connections=connections, workers=False
        )
        for connections in sizes.connections
    }
    faults = verified(place, [warm, *published.values()], projected=False)
    return [
        figure(
            f"http_{batch}_by_{connections}",
            f"durable appends over HTTP, batches of {batch:,}, {connections} connections, no workers",
            one,
            above,
            faults,
        )
        for connections, one in published.items()
    ]


def figure(name: str, what: str, published: Published, above: str, faults: list[str]) -> Figure:
    """Return the figure of a rate at which deliveries were accepted."""
    events = published.report.accepted_events
    return Figure(
        name=name,
        what=what,
        value=published.accepted,
        above=above,
        details={
            "answered_ms": percentiles(published.report.taken),
            "statuses": {str(status): count for status, count in published.report.statuses.items()},
            "wal_bytes_per_event": round(published.cost.wal_bytes / events),
            "api_peak_mib": published.api_peak_bytes >> 20,
            "generator_us_per_request": round(
                published.report.cpu_seconds / published.report.requests * 1e6, 1
            ),
        },
        cpu=published.cost.per_event(events),
        faults=faults,
    )
