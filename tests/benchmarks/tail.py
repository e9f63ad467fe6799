"""Many readers of one log, live: `python -m tests.benchmarks.tail`.

Publishes at a fixed rate (open loop) while readers follow, one of which stops reading, and says: did every
reader see each event once and in order, how long after its publish was due an event arrived, what the API
process used with readers and without, and how much memory it came to. Everything runs on this one machine,
durable throughout.
"""

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import psutil

from tests.benchmarks.arena import Place, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.driving import Generator, wait_until
from tests.benchmarks.figures import percentiles
from tests.benchmarks.generator import Plan
from tests.benchmarks.generator import Report as Sent
from tests.benchmarks.meter import Cost, Meter
from tests.benchmarks.service import Service, service
from tests.benchmarks.statements import statement
from tests.benchmarks.tail_readers import Plan as ReadingPlan
from tests.benchmarks.tail_readers import Report as Read

WORKERS = 2
CONNECTIONS = 32
MEMORY_SECONDS = 0.1


class Memory:
    """The most memory that the API's process had while this was open, looked at all the time."""

    def __init__(self, service: int) -> None:
        below = psutil.Process(service).children()
        self._process = max(below, key=lambda process: process.memory_info().rss)
        self.at_first = self.peak = self._process.memory_info().rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(MEMORY_SECONDS):
            self.peak = max(self.peak, self._process.memory_info().rss)


class Readers:
    """The process that reads."""

    def __init__(self, plan: ReadingPlan) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.tail_readers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._say(msgspec.json.encode(plan))
        if self._hear() != b"ready\n":
            raise RuntimeError("the readers did not begin")

    def finish(self, expected: dict[str, int]) -> Read:
        """Say how many events there are of each topic, and return what was seen of them."""
        self._say(json.dumps(expected).encode())
        return msgspec.json.decode(self._hear(), type=Read)

    def _say(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def _hear(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def reading(plan: ReadingPlan) -> Iterator[Readers]:
    """Have a plan's readers follow."""
    readers = Readers(plan)
    try:
        yield readers
    finally:
        readers.process.kill()
        readers.process.communicate()


def send(place: Place, running: Service, given: argparse.Namespace) -> tuple[Sent, Cost]:
    """Publish at the rate for the time, and wait until it is projected."""
    events = int(given.rate * given.seconds)
    load = Load(events=events, batch=given.batch, duplicates=0.0, topics=given.topics)
    plan = Plan(
        load=load,
        addresses=running.addresses,
        connections=CONNECTIONS,
        rate=given.rate / given.batch,
        deliveries=True,
    )
    with Generator(plan) as generator:
        meter = Meter(place.observer, place.server.pid, running)
        generator.go()
        report = generator.report()
        wait_until(lambda: place.pending() == 0)
        return report, meter.cost(report.cpu_seconds)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Publish without readers, then with them."""
    topics = Load(events=1, batch=1, topics=given.topics).workload.topics
    with arena() as running:
        with running.place() as place, service(place.dsn, WORKERS) as up:
            _, alone = send(place, up, given)
        with running.place() as place, service(place.dsn, WORKERS) as up:
            plan = ReadingPlan(
                address=up.addresses[0],
                topics=list(topics),
                of_one=given.of_one,
                of_all=given.of_all,
                stalled=given.stalled,
            )
            with reading(plan) as readers, Memory(up.processes["up"].pid) as memory:
                report, cost = send(place, up, given)
                counted: dict[str, int] = dict(
                    place.observer.execute(statement("events_by_topic")).fetchall()
                )
                expected = {**dict.fromkeys(topics, 0), **counted, "": sum(counted.values())}
                found = readers.finish(expected)
    return _result(given, report, found, memory, alone, cost)


def _result(
    given: argparse.Namespace, report: Sent, found: Read, memory: Memory, alone: Cost, cost: Cost
) -> dict[str, Any]:
    seconds = report.ended - report.began
    stalled = [reader for reader in found.readers if reader.stalled]
    frames = sum(reader.events for reader in found.readers if not reader.stalled)
    added = _api_seconds(cost) - _api_seconds(alone)
    return {
        "events_per_second": round(report.accepted_events / seconds),
        "seconds": round(seconds, 1),
        "readers": {"of_one_topic": given.of_one, "of_everything": given.of_all, "stalled": given.stalled},
        "events_published": report.accepted_events,
        "events_delivered": frames,
        "readers_that_missed_or_repeated": sum(
            reader.events != reader.expected or reader.disorder > 0 for reader in found.readers
        ),
        "stalled_cut_off_and_complete_after_resuming": sum(
            reader.connections > 1 and reader.events == reader.expected for reader in stalled
        ),
        "accepted_after_due_ms": percentiles(report.taken),
        **_delays(report, found),
        "api_cpu_seconds": {"without_readers": _api_seconds(alone), "with_readers": _api_seconds(cost)},
        "cpu_percent_of_a_core_per_reader": round(added / seconds / max(1, len(found.readers)) * 100, 3),
        "cpu_us_per_delivered_event": round(added / max(1, frames) * 1e6, 2),
        "cpu_seconds": cost.cpu_seconds,
        "readers_cpu_seconds": round(found.cpu_seconds, 2),
        "api_rss_mib": {"at_first": memory.at_first >> 20, "peak": memory.peak >> 20},
    }


def _api_seconds(cost: Cost) -> float:
    """Return what the API process and its streaming session used, but for the workers' threads."""
    named = {who: each for who, each in cost.cpu_seconds.items() if "worker" not in who}
    return round(
        sum(each for who, each in named.items() if who.startswith("eventlog ") or "stream" in who), 2
    )


def _delays(report: Sent, found: Read) -> dict[str, dict[str, float]]:
    """Say after how many ms events arrived, and of what parts that is made."""
    due: dict[tuple[int, int], float] = {}
    for moment, answer in zip(report.due, report.answers, strict=True):
        for place in json.loads(answer)["deliveries"]:
            for position in range(place["first"], place["last"] + 1):
                due[place["partition"], position] = moment
    published = [due[place] for place in zip(found.partitions, found.positions, strict=True)]
    received, processed = (
        [datetime.fromisoformat(text).timestamp() for text in texts]
        for texts in (found.received, found.processed)
    )
    return {
        "arrival_after_due_ms": _spans(published, found.moments),
        "of_these_until_appended_ms": _spans(published, received),
        "from_there_until_projected_ms": _spans(received, processed),
        "from_there_until_arrival_ms": _spans(processed, found.moments),
    }


def _spans(since: Sequence[float], until: Sequence[float]) -> dict[str, float]:
    return percentiles(sorted(end - begin for begin, end in zip(since, until, strict=True)))


def main() -> int:
    """Measure as the flags say; exit 1 when a reader missed or repeated an event."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--rate", type=float, default=5_000, help="events a second")
    flags.add_argument("--seconds", type=float, default=20)
    flags.add_argument("--batch", type=int, default=50, help="events a request")
    flags.add_argument("--topics", type=int, default=100)
    flags.add_argument("--of-one", type=int, default=200, help="readers of one topic each")
    flags.add_argument("--of-all", type=int, default=10, help="readers of everything")
    flags.add_argument(
        "--stalled", type=int, default=1, help="more readers of everything, which stop reading"
    )
    prepare()
    found = measure(flags.parse_args())
    print(json.dumps(found, indent=2))
    return 1 if found["readers_that_missed_or_repeated"] else 0


if __name__ == "__main__":
    sys.exit(main())
