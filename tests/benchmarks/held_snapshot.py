"""A snapshot held open for minutes, as a dump or a forgotten transaction does: what it costs meanwhile.

The rate at full speed is taken before, and again while the snapshot is still held after all that time.
In between small batches trickle in, since many small steps are what leaves rows behind.
"""

from tests.benchmarks.arena import Arena
from tests.benchmarks.deliveries import Load
from tests.benchmarks.publishing import publish, verified
from tests.benchmarks.scaling import Found, cpu, details, publish_all, rate
from tests.benchmarks.service import service
from tests.benchmarks.statements import statement

TRICKLE_BATCH = 100
TRICKLE_REQUESTS_PER_SECOND = 50.0
TRICKLE_SECONDS = 60.0  # one generator's worth
# The log and the rows projected from it grow with the log; nothing else may.
GROWING = ("eventlog.inbox", ".events", ".duplicates")
OTHERS_MIB_MAX = 64.0


def measure(arena: Arena, events: int, bound: int, workers: int, minutes: float) -> Found:
    """Compare full speed before a snapshot with full speed under one that is minutes old."""
    load = Load(events=events, batch=1)
    with arena.place() as place, service(place.dsn, workers) as up:
        before = publish_all(place, up, load, bound)
        with place.session() as holder, holder.transaction():
            holder.execute(statement("hold_snapshot"))
            trickle = []
            left = minutes * 60
            while left > 0:
                seconds = min(left, TRICKLE_SECONDS)
                count = max(int(seconds * TRICKLE_REQUESTS_PER_SECOND), 1) * TRICKLE_BATCH
                trickle.append(
                    publish(
                        place,
                        up,
                        Load(events=count, batch=TRICKLE_BATCH),
                        connections=16,
                        workers=True,
                        rate=TRICKLE_REQUESTS_PER_SECOND,
                    )
                )
                left -= seconds
            after = publish_all(place, up, load, bound)
            told = details(place, after)
        published = [*before, *trickle, *after]
        wrong = verified(place, published, projected=True)
    others = {
        name: size
        for name, size in told["table_mib"].items()
        if not name.startswith(GROWING[0]) and not name.endswith(GROWING[1:]) and size > OTHERS_MIB_MAX
    }
    return Found(
        factor="snapshot",
        variant=f"held {minutes:g} minutes",
        events=events,
        events_per_second=round(rate(after)),
        details={
            "events_per_second_before": round(rate(before)),
            "of_before_percent": round(rate(after) / rate(before) * 100, 1),
            "events_between": sum(each.report.accepted_events for each in trickle),
            "others_over_64_mib": others,
            **told,
        },
        cpu=cpu(after),
        faults=wrong,
    )
