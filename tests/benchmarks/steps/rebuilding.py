"""A rebuild of a large log beside what pure SQL can do with the same rows at best."""

from collections.abc import Sequence

import msgspec

from projections.projection import CORE
from projections.verify import verify
from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.rebuild import limit_rate, rebuild_rate
from tests.benchmarks.steps.backlog import drain, fill


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    """Rebuild and fill by SQL in turns, and compare the last rebuild with a replay."""
    load = Load(events=sizes.rebuild_events, batch=10_000)
    figures = []
    with arena.place() as place:
        fill(place, load)
        drain(place, sizes.workers)
        for _ in range(sizes.rounds):
            figures += _round(place, sizes)
        wrong = faults(place.observer, load.events, load.unique, projected=True)
        verified = verify(place.dsn, CORE)
        if verified.differing or verified.deliveries != load.events:
            wrong.append("the rebuilt projection does not equal a replay")
    return [msgspec.structs.replace(figure, faults=wrong) for figure in figures]


def _round(place: Place, sizes: Sizes) -> list[Figure]:
    events = sizes.rebuild_events
    phases: list[dict[str, float]] = []
    return [
        Figure(
            name="sql_one_core",
            what=f"pure SQL over {events:,} deliveries: CREATE TABLE AS, keys; one session",
            value=limit_rate(place.dsn, 1, events),
        ),
        Figure(
            name="sql_two_cores",
            what=f"the same by PostgreSQL's parallel query, {sizes.workers} processes",
            value=limit_rate(place.dsn, sizes.workers, events),
        ),
        Figure(
            name="rebuild",
            what=f"rebuild of core, {sizes.workers} workers, from start to switched",
            value=rebuild_rate(place.dsn, sizes.workers, phases),
            above="sql_two_cores",
            details={"phases_seconds": phases[-1]},
        ),
    ]
