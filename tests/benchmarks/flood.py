"""What strangers' connections cost the service and the others: `python -m tests.benchmarks.flood`.

Of each kind, many connections send what is no request, or what nobody wants, as fast as it is taken; who is
closed on comes again. Meanwhile ten publish in turns, together at a steady rate: one that waits keeps none of
the others. Who floods has the lowest priority, since it is the service's time that counts, and not theirs.
Says how much the API's process grew, and how long after it was due a publish was answered. Exits 1 where it
grew by more than 64 MiB, a publish failed, or 99 % of them took longer than 50 ms.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psutil

from tests.benchmarks.arena import arena, prepare
from tests.benchmarks.figures import percentiles
from tests.benchmarks.service import service
from tests.benchmarks.tail import Memory
from tests.support.events import event
from tests.support.flood import KINDS, Kind, flood

GROWN_MIB_MAX = 64
P99_MS_MAX = 50.0
RATE = 100.0
PUBLISHERS = 10
PUBLISHING_SECONDS_MIN = 3.0
# First what there is without any: it warms the service up as well.
QUIET = "nothing"
ALL = {QUIET: Kind(b"", b"x"), **KINDS}


def _flood(address: tuple[str, int], kind: str, given: argparse.Namespace, told: Any) -> None:
    os.nice(19)
    told.send(
        flood(
            address,
            ALL[kind],
            connections=0 if kind == QUIET else given.connections,
            bytes_each=given.mebibytes << 20,
            seconds=given.seconds,
            again=given.again,
        )
    )


def _publish_while(address: tuple[str, int], running: multiprocessing.Process) -> tuple[list[float], int]:
    """Publish at a steady rate; return how long after each was due it was answered, and how many failed."""
    began = time.monotonic()

    def publish(number: int) -> tuple[list[float], int]:
        taken: list[float] = []
        failed = 0
        due = began + number / RATE
        with closing(http.client.HTTPConnection(*address, timeout=30)) as connection:
            while running.is_alive() or due < began + PUBLISHING_SECONDS_MIN:
                time.sleep(max(0.0, due - time.monotonic()))
                body = json.dumps(event(event_id=f"{number}-{len(taken)}"))
                connection.request("POST", "/publish", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                failed += answer.status != 202
                taken.append(time.monotonic() - due)
                due += PUBLISHERS / RATE
        return taken, failed

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        all_taken, all_failed = zip(*pool.map(publish, range(PUBLISHERS)), strict=True)
    return [each for taken in all_taken for each in taken], sum(all_failed)


def _cpu_seconds(pid: int) -> float:
    """Return what the service's processes have used."""
    service = psutil.Process(pid)
    times = [each.cpu_times() for each in (service, *service.children())]
    return sum(each.user + each.system for each in times)


def measure(address: tuple[str, int], pid: int, kind: str, given: argparse.Namespace) -> dict[str, Any]:
    """Flood with one kind."""
    heard, told = multiprocessing.Pipe(duplex=False)
    flooding = multiprocessing.Process(target=_flood, args=(address, kind, given, told))
    with Memory(pid) as memory:
        before, began = _cpu_seconds(pid), time.monotonic()
        flooding.start()
        taken, failed = _publish_while(address, flooding)
        busy = (_cpu_seconds(pid) - before) / (time.monotonic() - began)
    sent, closes = heard.recv()
    flooding.join()
    return {
        "kind": kind,
        "sent_mib": sent >> 20,
        "closed": closes,
        "grown_mib": round((memory.peak - memory.at_first) / (1 << 20), 1),
        "rss_mib": memory.at_first >> 20,
        "api_percent_of_a_core": round(100 * busy),
        "failed": failed,
        **percentiles(sorted(taken)),
    }


def _is_well(found: dict[str, Any]) -> bool:
    return found["grown_mib"] <= GROWN_MIB_MAX and not found["failed"] and found["p99"] <= P99_MS_MAX


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the flags say."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--connections", type=int, default=200)
    flags.add_argument("--mebibytes", type=int, default=64, help="that each connection sends, if it is let")
    flags.add_argument("--seconds", type=float, default=5.0, help="the longest that a kind goes on")
    flags.add_argument("--again", action="store_true", help="who is closed on comes again, at once")
    flags.add_argument("--kinds", nargs="*", default=[""], help="parts of their names")
    flags.add_argument("--rounds", type=int, default=1, help="in one process: does its memory go on growing?")
    given = flags.parse_args(arguments)
    prepare()
    multiprocessing.set_start_method("spawn")
    well = True
    with arena() as running, running.place() as place, service(place.dsn, 1) as up:
        for kind in list(ALL) * given.rounds:
            if kind == QUIET or any(part in kind for part in given.kinds):
                found = measure(up.addresses[0], up.processes["up"].pid, kind, given)
                print(json.dumps(found), flush=True)
                well = well and _is_well(found)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
