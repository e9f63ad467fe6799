"""How much slower publishing gets while hostile questions are asked in SQL.

python -m tests.eventlog.audit.slowdown --events 1000000 --seconds 60 --rounds 1
python -m tests.eventlog.audit.slowdown --events 60000 --rate 15000 --rounds 3

Rounds of publishing alone and of publishing beside four askers over HTTP, which ask what costs the most of
the hostile corpus without a pause, in turns. Everything on one machine: askers, publishers, service.
Flat out, let it last: what statements may take at once is saved up before.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count, cycle

from eventlog.audit.protection import protect
from eventlog.embedded import EmbeddedServer
from tests.benchmarks.service import service
from tests.eventlog.audit.hostile import corpus
from tests.support.postgres import short_directory

ASKERS = 4
COSTLY = (
    "wait for ever in a query",
    "a recursion without an end",
    "a cross join in a random order, which spills to the disk",
    "a large hash",
    "an array of everything",
    "many gigabytes at once",
    "many gigabytes that are not shown",
    "hashes without an end",
    "a window over everything",
    "the catalogue many times over",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    arguments.add_argument("--events", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--seconds", type=float, default=0, help="how long at least; loads follow each other"
    )
    arguments.add_argument("--rate", type=float, default=0, help="events a second; 0: as fast as it goes")
    chosen = arguments.parse_args()
    alone: list[float] = []
    beside: list[float] = []
    with short_directory() as data_dir, EmbeddedServer(data_dir) as server, service(server.dsn, 2) as running:
        protect(server.superuser_dsn)
        host, port = running.addresses[0]
        url = f"http://{host}:{port}"
        seeds = count()
        published_per_second(url, chosen.events, chosen.rate, seed=next(seeds))
        for _ in range(chosen.rounds):
            alone.append(publish_for(chosen.seconds, url, chosen.events, chosen.rate, seeds))
            with askers(url) as answers:
                beside.append(publish_for(chosen.seconds, url, chosen.events, chosen.rate, seeds))
            print(
                f"alone {alone[-1]:,.0f}/s, beside {ASKERS} askers {beside[-1]:,.0f}/s; {answers}", flush=True
            )
    lost = 1 - statistics.median(beside) / statistics.median(alone)
    print(f"medians: {statistics.median(alone):,.0f} and {statistics.median(beside):,.0f}/s; lost {lost:.1%}")


def publish_for(seconds: float, url: str, events: int, rate: float, seeds: Iterator[int]) -> float:
    """Publish one load after the other until the time is over; return the acknowledged events a second."""
    rates: list[float] = []
    until = time.monotonic() + seconds
    while not rates or time.monotonic() < until:
        rates.append(published_per_second(url, events, rate, seed=next(seeds)))
    return statistics.harmonic_mean(rates)


def published_per_second(url: str, events: int, rate: float, *, seed: int) -> float:
    """Publish with the simulator in a process of its own; return the acknowledged events a second."""
    command = ["simulate", "--events", str(events), "--batch", "100", "--seed", str(seed), "--url", url]
    command += ["--rate", str(rate)]
    done = subprocess.run(
        [sys.executable, "-m", "eventlog", *command, "--json"], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["rate"])


@contextmanager
def askers(url: str) -> Iterator[dict[str, int]]:
    """Ask without a pause while in the block; count the answers by their code."""
    costly = [hostile.statement for hostile in corpus() if hostile.wants in COSTLY]
    answers: dict[str, int] = {}
    stop = threading.Event()

    def ask(first: int) -> None:
        for statement in cycle(costly[first:] + costly[:first]):
            if stop.is_set():
                return
            code = _ask(url, statement)
            answers[code] = answers.get(code, 0) + 1

    threads = [threading.Thread(target=ask, args=(number * 2,)) for number in range(ASKERS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _ask(url: str, statement: str) -> str:
    body = json.dumps({"sql": statement}).encode()
    request = urllib.request.Request(f"{url}/sql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60):
            return "answered"
    except urllib.error.HTTPError as error:
        with suppress(ValueError, KeyError):
            return str(json.load(error)["code"])
        return str(error.code)


if __name__ == "__main__":
    main()
