"""From publishing an event to finding it in queries, in an open loop: single events at a steady rate.

The clock of each event starts when its request was due, whether or not it could be sent then. It stops
when the transaction that projected it was committed, which PostgreSQL tells afterwards (its commit
timestamps): nothing asks while we measure, so asking costs nothing.
"""

from collections.abc import Sequence

import msgspec

from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, median, percentiles
from tests.benchmarks.generator import Report
from tests.benchmarks.publishing import Published, publish, verified
from tests.benchmarks.service import Service, service
from tests.benchmarks.statements import statement

CONNECTIONS = 64
SHARES = (0.3, 0.5, 0.7, 0.9)
STEADY_RATE = 1_000
WARM_EVENTS = 1_000


class Lies(msgspec.Struct):
    """Where a request's only delivery lies."""

    partition: int
    first: int


class Accepted(msgspec.Struct):
    """What of a 202 answer says where."""

    deliveries: list[Lies]


_accepted = msgspec.json.Decoder(Accepted)


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    saturation = median(found, "end_to_end_1")
    rates: dict[str, float] = {f"latency_{STEADY_RATE}": STEADY_RATE}
    if saturation is not None:
        rates |= {f"latency_{share:.0%}": saturation * share for share in SHARES}
    with arena.place() as place, service(place.dsn, sizes.workers) as up:
        warm = Load(events=WARM_EVENTS, batch=1)
        published = [publish(place, up, warm, connections=CONNECTIONS, workers=True)]
        figures = []
        for name, rate in rates.items():
            published.append(_publish(place, up, rate, sizes.latency_seconds))
            figures.append(_figure(place, name, rate, published[-1]))
        wrong = verified(place, published, projected=True)
    return [msgspec.structs.replace(figure, faults=wrong) for figure in figures]


def _publish(place: Place, up: Service, rate: float, seconds: float) -> Published:
    load = Load(events=max(int(rate * seconds), 1), batch=1)
    return publish(place, up, load, connections=CONNECTIONS, workers=True, rate=rate, deliveries=True)


def _figure(place: Place, name: str, rate: float, published: Published) -> Figure:
    taken = found_after(place, published.report)
    spread = percentiles(taken)
    return Figure(
        name=name,
        what=f"publish to query, open loop, {rate:,.0f} single events/s, median",
        value=spread["p50"],
        unit="ms",
        details={
            "rate": round(rate),
            "found_ms": spread,
            "answered_ms": percentiles(published.report.taken),
            "events_found": len(taken),
            "statuses": {str(status): count for status, count in published.report.statuses.items()},
        },
        cpu=published.cost.per_event(published.report.accepted_events),
    )


def found_after(place: Place, report: Report) -> list[float]:
    """Return, for each new event, the seconds from when its request was due to when it could be found."""
    committed = {
        (partition, position): moment
        for partition, position, moment in place.observer.execute(statement("projected_at"))
    }
    taken = []
    for due, answer in zip(report.due, report.answers, strict=True):
        lies = _accepted.decode(answer).deliveries[0]
        moment = committed.get((lies.partition, lies.first))
        if moment is not None:  # a duplicate is not found, its event is
            taken.append(moment - due)
    return sorted(taken)
