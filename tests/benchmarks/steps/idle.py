"""What the service takes while nothing happens."""

import time
from collections.abc import Sequence

from tests.benchmarks.arena import Arena
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.meter import Meter
from tests.benchmarks.service import service

SETTLING_SECONDS = 2.0
SECONDS_MAX = 10.0


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    seconds = min(sizes.seconds, SECONDS_MAX)
    with arena.place() as place, service(place.dsn, sizes.workers) as up:
        time.sleep(min(sizes.seconds, SETTLING_SECONDS))
        meter = Meter(place.observer, place.server.pid, up)
        time.sleep(seconds)
        spent = meter.cost(0.0).cpu_seconds
    used = sum(each for who, each in spent.items() if who.startswith(("eventlog", "postgres")))
    return [
        Figure(
            name="idle",
            what="at rest: API, workers and PostgreSQL together",
            value=used / seconds * 100,
            unit="% of a core",
            details={who: round(each / seconds * 100, 2) for who, each in spent.items()},
        )
    ]
