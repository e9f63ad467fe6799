"""PostgreSQL's own limit: COPY of ready bytes into the log's table, 1,000 rows a commit, no order lock."""

import time
from collections.abc import Sequence

from eventlog.log.append import number_rows
from eventlog.sessions.database import connect
from eventlog.statements import statement
from tests.benchmarks.arena import PARTITIONS, Arena
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.meter import Meter
from tests.benchmarks.rows import ready

ROWS_A_COMMIT = 1_000


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    load = Load(events=sizes.events, batch=ROWS_A_COMMIT)
    heads = dict.fromkeys(range(PARTITIONS), 0)
    pieces = []
    for batch in ready(load):
        data, places = number_rows([batch], sorted(batch.counts), heads)
        heads |= {place.partition: place.last for place in places[0]}
        pieces.append(data)
    with arena.place() as place, connect(place.dsn, "appender", "append") as session:
        session.execute(statement("append/settings"))
        meter = Meter(place.observer, place.server.pid, None)
        cpu, began = time.process_time(), time.perf_counter()
        for piece in pieces:
            with session.cursor() as cursor, cursor.copy(statement("append/copy")) as copy:
                copy.write(piece)
        rate = load.events / (time.perf_counter() - began)
        cost = meter.cost(time.process_time() - cpu)
        wrong = faults(place.observer, load.events, load.unique, projected=False)
    return [
        Figure(
            name="raw_copy",
            what="COPY of ready bytes into the same table, 1,000 rows a durable commit, no order lock",
            value=rate,
            details={"wal_bytes_per_event": round(cost.wal_bytes / load.events)},
            cpu=cost.per_event(load.events),
            faults=wrong,
        )
    ]
