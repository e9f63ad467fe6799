"""A log that is larger than memory likes: random ids, more index than shared_buffers, a backlog to drain.

Two thirds are published end to end, the last third with no worker running, which is then drained.
What a claim and what queries cost is taken when a thirtieth is there, and at the end.
"""

import statistics
import time
from typing import Any

from eventlog.statements import statement as product_statement
from projections.projection import PROJECTIONS
from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.asking import Asker
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Sizes
from tests.benchmarks.publishing import Published, verified
from tests.benchmarks.scaling import Found, cpu, details, publish_all, rate, room_for
from tests.benchmarks.service import Service, service
from tests.benchmarks.steps.backlog import drain
from tests.benchmarks.steps.queries import ask_all

CLAIMS = 50
ASKED = 50


def measure(arena: Arena, events: int, bound: int, workers: int) -> Found:
    """Publish `events` deliveries with random ids, and drain the last third from a backlog."""
    part = max(events // 30, 1_000)
    small = Load(events=part, batch=1, random_ids=True)
    most = Load(events=events * 2 // 3 - 2 * part, batch=1, random_ids=True)
    backlog = Load(events=events - events * 2 // 3, batch=1, random_ids=True)
    with arena.place() as place:
        if not room_for(place, events):
            raise SystemExit(f"no room for {events:,} deliveries; --dir names another place")
        with service(place.dsn, workers) as up:
            first = publish_all(place, up, small, bound)
            costs = {"at_first": _costs(place, up, first)}
            middle = publish_all(place, up, most, bound)
            last = publish_all(place, up, small, bound)
            told = details(place, [*first, *middle, *last])
        with service(place.dsn, 0) as up:
            appended = publish_all(place, up, backlog, bound, workers=False)
        seconds, all_seconds, _ = drain(place, workers)
        published = [*first, *middle, *last, *appended]
        with service(place.dsn, workers) as up:
            costs["at_the_end"] = _costs(place, up, published)
        wrong = verified(place, published, projected=True)
    return Found(
        factor="big",
        variant=f"{events:,} random ids",
        events=events,
        events_per_second=round(rate(last)),
        details={
            "events_per_second_at_first": round(rate(first)),
            "of_first_percent": round(rate(last) / rate(first) * 100, 1),
            "events_per_second_between": round(rate(middle)),
            "appended_without_workers_per_second": round(rate(appended)),
            "backlog": backlog.events,
            "backlog_drained_per_second": round(backlog.events / seconds),
            "backlog_drained_by_all_per_second": round(backlog.events / all_seconds),
            "cost_ms": costs,
            **told,
        },
        cpu=cpu(last),
        faults=wrong,
    )


def _costs(place: Place, up: Service, published: list[Published]) -> dict[str, Any]:
    """Return how long a look for work, and queries, take now, in milliseconds."""
    taken = []
    definitions = {"definitions": [projection.definition for projection in PROJECTIONS]}
    for _ in range(CLAIMS):
        began = time.perf_counter()
        place.observer.execute(product_statement("worker/candidates"), definitions).fetchall()
        taken.append(time.perf_counter() - began)
    with Asker(up.addresses[0]) as asker:
        asked = ask_all(asker, place, published[0].load, Sizes(), ASKED)
    return {
        "look_for_work": round(statistics.median(taken) * 1e3, 2),
        **{figure.name: figure.details for figure in asked},
    }
