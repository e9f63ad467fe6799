"""Five times as much as can be done, for a while: what is still done, how fast the rest is refused."""

from collections.abc import Sequence

from tests.benchmarks.arena import Arena
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, percentiles
from tests.benchmarks.publishing import publish, verified
from tests.benchmarks.service import service

BATCH = 250
TIMES = 5
CONNECTIONS = 64
# So many that their requests do not all fit the writer's queue, and fewer than a process may have open.
CONNECTIONS_IN_OVERLOAD = 800


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    """Find the peak first, by as many publishers as a closed loop needs for it, in the same service."""
    with arena.place() as place, service(place.dsn, sizes.workers) as up:
        calm = publish(
            place, up, Load(events=sizes.events, batch=BATCH), connections=CONNECTIONS, workers=True
        )
        rate = calm.accepted * TIMES / BATCH
        load = Load(events=int(rate * sizes.latency_seconds) * BATCH, batch=BATCH)
        flood = publish(
            place,
            up,
            load,
            connections=CONNECTIONS_IN_OVERLOAD,
            workers=True,
            rate=rate,
            give_up=True,
        )
        faults = verified(place, [calm, flood], projected=True)
    report = flood.report
    return [
        Figure(
            name="peak",
            what=f"peak: closed loop, batches of {BATCH}, {CONNECTIONS} connections, any lag",
            value=calm.accepted,
            details={"api_peak_mib": calm.api_peak_bytes >> 20},
            cpu=calm.cost.per_event(calm.report.accepted_events),
            faults=faults,
        ),
        Figure(
            name="overload",
            what=f"goodput at {TIMES} times that, open loop, {CONNECTIONS_IN_OVERLOAD} connections",
            value=flood.accepted,
            above="peak",
            details={
                "offered_events_per_second": round(rate * BATCH),
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
