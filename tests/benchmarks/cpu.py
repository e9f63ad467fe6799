"""Where the CPU time goes: `python -m tests.benchmarks.cpu --batch 1000 --events 300000 [--workers 2]`.

Prints rates and µs of CPU per event by process and thread, the load generator with them, after a
warm-up. Durable throughout; everything runs on this one machine.
"""

import argparse
import sys

from tests.benchmarks.arena import Arena, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.publishing import Published, publish
from tests.benchmarks.service import service


def profile(running: Arena, given: argparse.Namespace) -> Published:
    """Publish once to get warm, then publish and measure, each into a database of its own."""
    small = Load(events=max(given.events // 20, given.batch), batch=given.batch)
    with running.place() as place, service(place.dsn, given.workers, apis=given.apis) as up:
        publish(place, up, small, connections=given.connections, workers=given.workers > 0)
        return publish(
            place,
            up,
            Load(events=given.events, batch=given.batch),
            connections=given.connections,
            workers=given.workers > 0,
            most_pending=given.bound or None,
        )


def tell(found: Published, events: int) -> None:
    """Print what was found."""
    print(f"accepted {found.accepted:,.0f}/s", end="")
    if found.projected is not None:
        print(f", projected {found.projected:,.0f}/s; timeline {found.behind:,} behind", end="")
    print(f"; WAL {found.cost.wal_bytes / events:,.0f} bytes an event")
    taken = found.report.taken
    half, most = (taken[int((len(taken) - 1) * part)] * 1e3 for part in (0.5, 0.99))
    print(f"answered after p50 {half:.1f} ms, p99 {most:.1f} ms; {found.report.statuses}; ", end="")
    print(f"API at {found.api_peak_bytes >> 20} MiB at most")
    each = found.cost.per_event(events)
    for who, microseconds in each.items():
        print(f"{microseconds:8.2f} µs  {who}")
    print(f"{sum(each.values()):8.2f} µs  in all")


def main() -> int:
    """Profile as the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--batch", type=int, default=1000, help="events a request")
    flags.add_argument("--events", type=int, default=300_000)
    flags.add_argument("--workers", type=int, default=2, help="0: the append alone")
    flags.add_argument("--apis", type=int, default=1, help="API processes")
    flags.add_argument("--connections", type=int, default=16)
    flags.add_argument(
        "--bound", type=int, default=0, help="publishers wait beyond so many pending; 0: never"
    )
    given = flags.parse_args()
    with arena() as running:
        tell(profile(running, given), given.events)
    return 0


if __name__ == "__main__":
    prepare()
    sys.exit(main())
