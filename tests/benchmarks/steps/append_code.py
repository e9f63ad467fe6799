"""Our append without HTTP: the transaction alone, and the writer behind intake, as the API calls them."""

import asyncio
import time
from collections.abc import Sequence

import uvloop

from eventlog.log.append import append_durably
from eventlog.log.writer import Writer
from eventlog.sessions.database import connect
from eventlog.statements import statement
from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.meter import Meter
from tests.benchmarks.rows import ready, row

CALLERS = 32


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    with arena.place() as place:
        alone = _transactions(place, Load(events=sizes.events, batch=1_000))
    with arena.place() as place:
        return [alone, _writer(place, Load(events=sizes.events, batch=100))]


def _transactions(place: Place, load: Load) -> Figure:
    batches = list(ready(load))
    with connect(place.dsn, "appender", "append") as session:
        session.execute(statement("append/settings"))
        meter = Meter(place.observer, place.server.pid, None)
        cpu, began = time.process_time(), time.perf_counter()
        for batch in batches:
            append_durably(session, [batch])
        rate = load.events / (time.perf_counter() - began)
        cost = meter.cost(time.process_time() - cpu)
    return Figure(
        name="append",
        what="the append's transaction: order lock, heads, numbering, COPY; 1,000 ready rows a commit",
        value=rate,
        above="raw_copy",
        cpu=cost.per_event(load.events),
        faults=faults(place.observer, load.events, load.unique, projected=False),
    )


def _writer(place: Place, load: Load) -> Figure:
    bodies = [body for body, _ in load.bodies()]
    meter = Meter(place.observer, place.server.pid, None)
    cpu, began = time.process_time(), time.perf_counter()
    uvloop.run(_submit(place.dsn, bodies))
    rate = load.events / (time.perf_counter() - began)
    cost = meter.cost(time.process_time() - cpu)
    return Figure(
        name="writer_100",
        what=f"intake, rows and group commit in one process without HTTP; {CALLERS} callers, batches of 100",
        value=rate,
        above="append",
        cpu=cost.per_event(load.events),
        faults=faults(place.observer, load.events, load.unique, projected=False),
    )


async def _submit(dsn: str, bodies: Sequence[bytes]) -> None:
    writer = Writer(dsn, queue_events_max=50_000, queue_bytes_max=16 << 20)
    waiting = iter(bodies)

    async def call() -> None:
        for body in waiting:
            await writer.submit(row(body))

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    await writer.close()
