"""From the first request until everything is projected, at bounded lag: the whole job at once."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, percentiles
from tests.benchmarks.meter import private_bytes
from tests.benchmarks.publishing import Published, publish, verified
from tests.benchmarks.service import service
from tests.benchmarks.stored import stored

CONNECTIONS = {1_000: 16, 100: 32, 1: 64}
# What each is a part of.
ABOVE = {1_000: "http_1000_by_16", 100: "http_100_by_32", 1: "http_1_by_64"}


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    figures = []
    for batch in CONNECTIONS:
        load = Load(events=sizes.singles if batch == 1 else sizes.events, batch=batch)
        figures.append(end_to_end(arena, sizes, load))
    return figures


def end_to_end(arena: Arena, sizes: Sizes, load: Load, *, apis: int = 1, bound: int | None = None) -> Figure:
    """Publish a load into a fresh database with workers running, publishers waiting for them."""
    with arena.place() as place, service(place.dsn, sizes.workers, apis=apis) as up:
        published = publish(
            place,
            up,
            load,
            connections=CONNECTIONS[load.batch],
            workers=True,
            most_pending=bound or sizes.bound,
        )
        place.wait_until_projected()
        details = _details(place, published) | stored(place.observer, load.events)
        faults = verified(place, [published], projected=True)
    assert published.projected is not None
    return Figure(
        name=f"end_to_end_{load.batch}",
        what=f"end to end at bounded lag, batches of {load.batch:,}, "
        f"{CONNECTIONS[load.batch]} connections, {sizes.workers} workers",
        value=published.projected,
        above=ABOVE[load.batch],
        details=details,
        cpu=published.cost.per_event(load.events),
        faults=faults,
    )


def sustained(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    """Go on for long: so many events as the rates found so far need for it."""
    figures = []
    for batch in (1_000, 100):
        rates = [figure.value for figure in found if figure.name == f"end_to_end_{batch}"]
        rate = sorted(rates)[len(rates) // 2] if rates else 50_000.0
        load = Load(events=max(int(rate * sizes.seconds), batch), batch=batch)
        figure = end_to_end(arena, sizes, load)
        figures.append(
            msgspec.structs.replace(
                figure,
                name=f"sustained_{batch}",
                what=f"{figure.what}, for {load.events / figure.value:.0f} s",
                above=figure.name,
            )
        )
    return figures


def _details(place: Place, published: Published) -> dict[str, Any]:
    events = published.report.accepted_events
    return {
        "events": events,
        "accepted_per_second": round(published.accepted),
        "most_pending": published.most_pending,
        "timeline_behind_at_the_end": published.behind,
        "answered_ms": percentiles(published.report.taken),
        "statuses": {str(status): count for status, count in published.report.statuses.items()},
        "wal_bytes_per_event": round(published.cost.wal_bytes / events),
        "api_peak_mib": published.api_peak_bytes >> 20,
        "postgres_private_mib": private_bytes(place.server.pid) >> 20,
    }
