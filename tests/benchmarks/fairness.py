"""What a key gets while another asks for far too much: `python -m tests.benchmarks.fairness`.

First the peak: one key, in a closed loop. Then a key that asks for a hundredth of it, in small requests at a
steady rate: alone, and beside one that asks for five times the peak, in an open loop on many connections.
Says what each was given, and how long after it was due each request of the small one was answered. Exits 1
where one of these was refused or lost, or 99 % of them took longer than 50 ms; what they took alone tells how
busy the machine is. Whoever asks too much has the lowest priority: it is the service's time that counts.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from typing import Any

from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import connect
from tests.benchmarks.arena import Arena, Place, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.driving import Generator
from tests.benchmarks.figures import percentiles
from tests.benchmarks.generator import Plan
from tests.benchmarks.service import Service, service

P99_MS_MAX = 50.0
# Of the key that asks for little: its connections, and the most events of its requests.
CONNECTIONS = 64
SMALL = 10
CLOSED = {"EVENTLOG_AUTH": "required"}


def _keys(place: Place) -> list[str]:
    with connect(place.dsn, "owner", "bench") as owner:
        scopes = read_scopes(["publish"])
        return [store.create(owner, name, scopes, created_by="cli").key for name in ("noisy", "quiet")]


def _peak(up: Service, key: str, batch: int, given: argparse.Namespace) -> float:
    """Return events a second of one key alone, after as many that warm up."""
    rate = 0.0
    for _ in range(2):
        load = Load(events=given.events * min(batch, 10), batch=batch)
        plan = Plan(load=load, addresses=up.addresses, connections=given.connections, key=key)
        with Generator(plan) as generator:
            generator.go()
            report = generator.report()
        rate = report.accepted_events / (report.accepted_until - report.began)
    return rate


def measure(running: Arena, batch: int, given: argparse.Namespace) -> dict[str, Any]:
    """Measure with batches of a size."""
    with running.place() as place:
        noisy, quiet = _keys(place)
        with service(place.dsn, 0, settings=CLOSED) as up:
            peak = _peak(up, noisy, batch, given)
            small = min(batch, SMALL)
            much, little = given.times * peak, given.share * peak
            asking = Plan(
                load=Load(events=max(batch, int(much * given.seconds)) // batch * batch, batch=batch),
                addresses=up.addresses,
                connections=given.connections,
                rate=much / batch,
                give_up=True,
                key=noisy,
            )
            steady = Plan(
                load=Load(events=int(little * given.seconds) // small * small, batch=small),
                addresses=up.addresses,
                connections=CONNECTIONS,
                rate=little / small,
                key=quiet,
            )
            with Generator(steady) as lone:
                lone.go()
                alone = percentiles(lone.report().taken)
            with ExitStack() as ends:
                loud, low = (ends.enter_context(Generator(plan)) for plan in (asking, steady))
                os.setpriority(os.PRIO_PROCESS, loud.process.pid, 19)
                loud.go()
                low.go()
                served, given_to_loud = low.report(), loud.report()
    span = given_to_loud.accepted_until - given_to_loud.began
    return {
        "batch": batch,
        "peak": round(peak),
        "noisy_asked": round(much),
        "noisy_answered": round(sum(given_to_loud.statuses.values()) * batch / span),
        "noisy_given": round(given_to_loud.accepted_events / span),
        "quiet_asked": round(little),
        "quiet_requests": steady.load.events // small,
        "quiet_statuses": served.statuses,
        "quiet_lost": served.lost + served.unsent,
        "alone": alone,
        **percentiles(served.taken),
    }


def _is_well(found: dict[str, Any]) -> bool:
    served_whole = found["quiet_statuses"] == {202: found["quiet_requests"]} and not found["quiet_lost"]
    return served_whole and found["p99"] <= P99_MS_MAX


def main() -> int:
    """Measure as the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--batches", type=int, nargs="*", default=[1, 100, 1_000])
    flags.add_argument("--events", type=int, default=20_000, help="of the peak; ten times as many in batches")
    flags.add_argument("--connections", type=int, default=256, help="of the key that asks too much")
    flags.add_argument("--times", type=float, default=5.0, help="how many times the peak it asks for")
    flags.add_argument("--share", type=float, default=0.01, help="of the peak, what the other asks for")
    flags.add_argument("--seconds", type=float, default=6.0)
    given = flags.parse_args()
    well = True
    with arena() as running:
        for batch in given.batches:
            found = measure(running, batch, given)
            print(json.dumps(found), flush=True)
            well = well and _is_well(found)
    return 0 if well else 1


if __name__ == "__main__":
    prepare()
    sys.exit(main())
