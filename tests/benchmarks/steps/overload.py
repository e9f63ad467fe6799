"""Five times as much as can be done, for a while: what is still done, how fast the rest is refused."""

from collections.abc import Sequence

from tests.benchmarks.arena import Arena
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, percentiles
from tests.benchmarks.publishing import Published, publish, verified
from tests.benchmarks.service import service

BATCHES = (1_000, 100)
TIMES = 5
CONNECTIONS = 64
# So many that their requests do not all fit the writer's queue, and fewer than a process may have open.
CONNECTIONS_IN_OVERLOAD = 800


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    return [figure for batch in BATCHES for figure in of_size(arena, sizes, batch)]


def of_size(arena: Arena, sizes: Sizes, batch: int) -> list[Figure]:
    """Measure one batch size.

    The peak comes first, by as many publishers as a closed loop needs for it, in the same service. Peak
    and overload last as long, and begin after a checkpoint and equal work, since a checkpoint under way,
    and WAL that is written for the first time, cost more than all that is refused.
    """
    with arena.place() as place, service(place.dsn, sizes.workers) as up:

        def closed(events: float) -> Published:
            place.checkpoint()
            load = Load(events=int(events), batch=batch)
            found = publish(place, up, load, connections=CONNECTIONS, workers=True)
            place.wait_until_projected()
            return found

        first = closed(sizes.events)
        warm = closed(first.accepted * sizes.latency_seconds)
        calm = closed(first.accepted * sizes.latency_seconds)
        rate = calm.accepted * TIMES / batch
        load = Load(events=int(rate * sizes.latency_seconds) * batch, batch=batch)
        place.checkpoint()
        flood = publish(
            place,
            up,
            load,
            connections=CONNECTIONS_IN_OVERLOAD,
            workers=True,
            rate=rate,
            give_up=True,
        )
        faults = verified(place, [first, warm, calm, flood], projected=True)
    report = flood.report
    return [
        Figure(
            name=f"peak_{batch}",
            what=f"peak: closed loop, batches of {batch:,}, {CONNECTIONS} connections, any lag",
            value=calm.accepted,
            details={
                "projected_events_per_second": round(calm.projected or 0),
                "api_peak_mib": calm.api_peak_bytes >> 20,
            },
            cpu=calm.cost.per_event(calm.report.accepted_events),
            faults=faults,
        ),
        Figure(
            name=f"overload_{batch}",
            what=f"goodput at {TIMES} times that, open loop, {CONNECTIONS_IN_OVERLOAD} connections",
            value=flood.accepted,
            above=f"peak_{batch}",
            details={
                "projected_events_per_second": round(flood.projected or 0),
                "offered_events_per_second": round(rate * batch),
                "requests": report.requests,
                "statuses": {str(status): count for status, count in report.statuses.items()},
                "found_no_connection": report.unsent,
                "lost": report.lost,
                "refused_after_ms": percentiles(report.refusals),
                "accepted_after_ms": percentiles(report.taken),
                "api_peak_mib": flood.api_peak_bytes >> 20,
            },
            cpu=flood.cost.per_event(report.accepted_events),
            faults=faults,
        ),
    ]
