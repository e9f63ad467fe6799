"""The main job's speed beside PostgreSQL's own, in one run: `python -m tests.benchmarks.main_job`.

Durable throughout: fsync and synchronous_commit are on. Everything runs on this one machine, the load
generator included. Rounds are interleaved and medians are taken, since machines like this are noisy.

raw COPY       the same rows, ready bytes, into the same table, 1,000 rows a commit, no order lock
HTTP append    requests of 100 events over 16 connections, answered once they are durable; no workers
end to end     requests of 1,000 events, two workers, until every delivery is projected
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psutil
import uvloop

from eventlog.append import Deliveries, encode
from eventlog.append import number_rows as number
from eventlog.database import connect
from eventlog.embedded import EmbeddedServer
from eventlog.intake import Limits, parse
from eventlog.migrate import schema_state
from eventlog.statements import statement
from projections.install import set_up
from publisher.client import Client
from publisher.workload import Batch, Workload, fresh_seed
from tests.support.postgres import at_database, short_directory

ROWS_A_COMMIT = 1_000
CONNECTIONS = 16
LIMITS = Limits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)


class Service:
    """A running `eventlog up` and how to reach it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def stats(self) -> dict[str, int]:
        """Return GET /stats."""

        async def get() -> bytes:
            async with Client(self.url) as client:
                return (await client.get("/stats")).body

        return dict(msgspec.json.decode(uvloop.run(get())))


@contextmanager
def service(dsn: str, workers: int) -> Iterator[Service]:
    """Run the service as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "eventlog", "up", "--port", "0", "--workers", str(workers)],
        env={**os.environ, "EVENTLOG_DSN": dsn, "EVENTLOG_LOG_LEVEL": "error"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "listens on" in line:
                # A pipe that nobody reads fills up, and whoever logs into it stands still.
                threading.Thread(target=process.stderr.read, daemon=True).start()
                yield Service(process, line.split("listens on ")[1].split(";")[0])
                break
        else:
            raise RuntimeError("the service did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def raw_copy(dsn: str, events: int) -> float:
    """Return rows/s of ready bytes into the log's own table, positions numbered ahead."""
    with connect(dsn, "appender", "bench") as connection:
        connection.execute(statement("append/require_durable_commit"))
        head = 10**12 + time.time_ns() // 1_000_000 * 1_000_000
        pieces = []
        for batch in Workload(events=events, duplicates=0.3, topics=10, seed=fresh_seed()).batches(
            ROWS_A_COMMIT
        ):
            pieces.append(number([ready_rows(batch)], [0], {0: head})[0])
            head += batch.events
        began = time.perf_counter()
        for piece in pieces:
            with connection.cursor() as cursor, cursor.copy(statement("append/copy")) as copy:
                copy.write(piece)
        return events / (time.perf_counter() - began)


def ready_rows(batch: Batch) -> Deliveries:
    """Build the rows of a request body as the API does, all in partition 0."""
    return encode(parse(batch.body, ndjson=False, limits=LIMITS).events, 1, bytes(16))


async def send(url: str, batches: list[Batch]) -> float:
    """Send all batches over CONNECTIONS connections and return the seconds it took."""
    import asyncio

    waiting = iter(batches)

    async def publish(client: Client) -> None:
        for batch in waiting:
            await client.publish(batch.body, events=batch.events)

    async with Client(url, connections=CONNECTIONS) as client:
        began = time.perf_counter()
        await asyncio.gather(*(publish(client) for _ in range(CONNECTIONS)))
        return time.perf_counter() - began


def workload(events: int, size: int) -> list[Batch]:
    """Return ready request bodies, so that making them is not measured."""
    return list(Workload(events=events, duplicates=0.3, topics=10, seed=fresh_seed()).batches(size))


def append_rate(running: Service, events: int, size: int) -> float:
    """Return durable events/s over HTTP."""
    return events / uvloop.run(send(running.url, workload(events, size)))


def end_to_end_rate(running: Service, events: int, size: int) -> float:
    """Return events/s from the first request until all of them are projected."""
    batches = workload(events, size)
    began = time.perf_counter()
    uvloop.run(send(running.url, batches))
    while running.stats()["pending"]:
        time.sleep(0.01)
    return events / (time.perf_counter() - began)


def idle_cpu_percent(running: Service, seconds: float) -> float:
    """Return the service's CPU use while nothing happens."""
    process = psutil.Process(running.process.pid)
    process.cpu_percent()
    time.sleep(seconds)
    return process.cpu_percent()


def measure(events: int, rounds: int) -> dict[str, float | str | bool]:
    """Run every step in each round and return the medians."""
    found: dict[str, list[float]] = {
        name: [] for name in ("raw_copy", "append_100", "end_to_end_1000", "end_to_end_100")
    }
    with short_directory("eventlog-bench-") as folder, EmbeddedServer(folder / "pg") as server:
        set_up(server.dsn, 8)
        with connect(server.superuser_dsn, "owner", "bench") as admin:
            admin.execute("CREATE DATABASE copy OWNER eventlog")
        copy_dsn = at_database(server.dsn, "copy")
        set_up(copy_dsn, 1)
        for _ in range(rounds):
            found["raw_copy"].append(raw_copy(copy_dsn, events))
            with service(server.dsn, workers=0) as running:
                found["append_100"].append(append_rate(running, events, 100))
            with service(server.dsn, workers=2) as running:
                while running.stats()["pending"]:
                    time.sleep(0.05)
                found["end_to_end_1000"].append(end_to_end_rate(running, events, 1000))
                found["end_to_end_100"].append(end_to_end_rate(running, events, 100))
                books = running.stats()
        with service(server.dsn, workers=2) as running:
            time.sleep(2)
            idle = idle_cpu_percent(running, 5)
        with connect(server.dsn, "owner", "bench") as connection:
            partitions = schema_state(connection).partitions
    medians = {name: statistics.median(values) for name, values in found.items()}
    return {
        **{name: round(value) for name, value in medians.items()},
        "append_100_of_raw_copy": round(medians["append_100"] / medians["raw_copy"], 3),
        "idle_cpu_percent": idle,
        "balanced": bool(books["balanced"]),
        "partitions": partitions,
        "durability": "fsync on, synchronous_commit on",
        "cores": os.cpu_count() or 0,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--events", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    print(json.dumps(measure(given.events, given.rounds), indent=2))
