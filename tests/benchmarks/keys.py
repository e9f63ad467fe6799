"""What keys cost: `python -m tests.benchmarks.keys --events 60000 --rounds 5`.

Publishes to a service that lets everybody in and to one that asks for a key, in turns, each round over fresh
databases; prints rates, µs of CPU of the API an event, medians and their ratio. Durable throughout.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator

from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import connect
from tests.benchmarks.arena import Arena, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.publishing import Published, publish, verified
from tests.benchmarks.service import service

AUTHS = ("open", "required")
# A key among others, of one topic among others: none of it is a special case.
OTHERS = 1_000


def measure(running: Arena, auth: str, load: Load, connections: int) -> Published:
    """Publish a load once, with a key or without."""
    with running.place() as place:
        key = None
        if auth == "required":
            with connect(place.dsn, "owner", "bench") as owner:
                for number in range(OTHERS):
                    store.create(owner, f"other {number}", read_scopes(["read"]), created_by="cli")
                key = store.create(owner, "bench", read_scopes(["publish", "read"]), created_by="cli").key
        with service(place.dsn, 0, settings={"EVENTLOG_AUTH": auth}) as up:
            small = Load(events=max(load.events // 20, load.batch), batch=load.batch)
            warm = publish(place, up, small, connections=connections, workers=False, key=key)
            found = publish(place, up, load, connections=connections, workers=False, key=key)
        if wrong := verified(place, [warm, found], projected=False):
            raise SystemExit(f"{auth}: {'; '.join(wrong)}")
    return found


def api_microseconds(found: Published, events: int) -> float:
    """Return what the API's processes took, in µs of CPU an event."""
    return sum(each for who, each in found.cost.per_event(events).items() if who.startswith("eventlog"))


def told(given: argparse.Namespace) -> Iterator[str]:
    """Yield what is found, a line for each measurement and one for each size of batches."""
    with arena() as running:
        for batch, events in ((1, given.events), (100, given.events * 5)):
            load = Load(events=events, batch=batch)
            rates: dict[str, list[float]] = {auth: [] for auth in AUTHS}
            costs: dict[str, list[float]] = {auth: [] for auth in AUTHS}
            for number in range(given.rounds):
                for auth in AUTHS if number % 2 == 0 else reversed(AUTHS):
                    found = measure(running, auth, load, given.connections)
                    rates[auth].append(found.accepted)
                    costs[auth].append(api_microseconds(found, events))
                    yield f"batches of {batch}, {auth}: {found.accepted:,.0f}/s, {costs[auth][-1]:.2f} µs"
            rate = {auth: statistics.median(rates[auth]) for auth in AUTHS}
            cost = {auth: statistics.median(costs[auth]) for auth in AUTHS}
            ratio = rate["required"] / rate["open"]
            yield (
                f"batches of {batch}: {rate['open']:,.0f} and with keys {rate['required']:,.0f}/s, "
                f"{ratio:.3f}; {cost['open']:.2f} and {cost['required']:.2f} µs of CPU an event"
            )


def main() -> int:
    """Measure as the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument(
        "--events", type=int, default=60_000, help="single ones; five times as many in batches"
    )
    flags.add_argument("--rounds", type=int, default=5)
    flags.add_argument("--connections", type=int, default=32)
    for line in told(flags.parse_args()):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    prepare()
    sys.exit(main())
