"""Projection alone: workers over a log that is there already, nobody publishing."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from eventlog.log.append import append_durably
from eventlog.sessions.database import connect
from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.driving import wait_until
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.meter import Cost, Meter
from tests.benchmarks.rows import ready
from tests.benchmarks.service import worker
from tests.benchmarks.statements import statement

ROUNDS_OF_EVENTS = 3  # projection alone is fast: more events, so that it lasts


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    return [project(arena, sizes.events * ROUNDS_OF_EVENTS, count) for count in (1, 2)]


def project(arena: Arena, events: int, count: int) -> Figure:
    """Let workers project a backlog of so many deliveries, in a fresh database."""
    with arena.place() as place:
        load = Load(events=events, batch=10_000)
        fill(place, load)
        seconds, all_seconds, cost = drain(place, count)
        wrong = faults(place.observer, load.events, load.unique, projected=True)
    return Figure(
        name=f"backlog_{count}",
        what=f"projection alone from a backlog of {events:,}, {count} worker{'s' * (count > 1)}",
        value=events / seconds,
        above="raw_copy",
        details={
            "all_projections_per_second": round(events / all_seconds),
            "wal_bytes_per_event": round(cost.wal_bytes / events),
        },
        cpu=cost.per_event(events),
        faults=wrong,
    )


def fill(place: Place, load: Load) -> None:
    """Append a load by our own code, past HTTP, as a log that autovacuum has had time for."""
    with connect(place.dsn, "appender", "append") as session:
        for batch in ready(load):
            append_durably(session, [batch])
    place.observer.execute(statement("vacuum_log"))


def drain(place: Place, count: int) -> tuple[float, float, Cost]:
    """Let workers project all there is; return after how long core, and after how long all had it."""
    with ExitStack() as ends:
        # Nobody gets a claim until all workers are there.
        with connect(place.dsn, "owner", "bench") as holder, holder.transaction():
            holder.execute(statement("hold_claims"))
            running = ends.enter_context(worker(place.dsn, count))
            wait_until(lambda: place.sessions("eventlog worker") == count)
        meter = Meter(place.observer, place.server.pid, running)
        began = time.perf_counter()
        place.observer.execute(statement("wake_workers"))
        place.wait_until_projected(["core"])
        seconds = time.perf_counter() - began
        cost = meter.cost(0.0)
        place.wait_until_projected()
        return seconds, time.perf_counter() - began, cost
