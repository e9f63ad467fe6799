"""The main job once, from nothing to proof: publish, kill a worker, project, rebuild, verify, count again.

Everything is real: a PostgreSQL in a new temporary directory, the API and the workers as processes,
the simulator over HTTP, a kill -9, a rebuild and a verify. All of it is gone when the demo ends, however
it ends; after a kill -9 of the demo itself only the directory is left.
"""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import uvloop

from eventlog.embedded import EmbeddedServer
from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection, connect, translated_errors
from eventlog.statements import statement
from publisher.books import ServerStats
from publisher.client import Client
from publisher.demo.checks import Count, Fact, check_counts, check_facts
from publisher.demo.service import Part, Service
from publisher.simulation.simulate import Report, SendOptions, Simulation
from publisher.simulation.workload import Workload

Say = Callable[[str], None]

WORKERS = 2
# The database is new at every run, so the same events every time disturb nobody.
SEED = 7
POLL_SECONDS = 0.005
WORKERS_SECONDS_MAX = 60.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Kill(msgspec.Struct, frozen=True):
    """A worker's end by kill -9: how many deliveries were acknowledged, and how many not yet projected."""

    worker: str
    pid: int
    acknowledged: int
    pending: int
    successor: str


class Replay(msgspec.Struct, frozen=True):
    """How the rebuild and the verify went; durations in seconds, the start of a process included."""

    rebuilt_seconds: float
    verified_seconds: float
    facts: list[Fact]


class DemoReport(msgspec.Struct, frozen=True):
    """What the demo did and found; durations in seconds, rates in deliveries per second."""

    events: int
    unique: int
    duplicates: int
    postgres: str
    workers: int
    started_seconds: float
    published_seconds: float
    published_rate: float
    latency_ms: dict[str, float]
    projected_seconds: float
    projected_rate: float
    rebuilt_seconds: float
    verified_seconds: float
    kill: Kill
    counts: list[Count]
    facts: list[Fact]
    seconds: float
    kept_in: str | None

    @property
    def exact(self) -> bool:
        """Whether every count and every fact is exact."""
        return all(count.exact for count in self.counts) and all(fact.exact for fact in self.facts)


class DemoService(msgspec.Struct, frozen=True):
    """The service of the demo while it runs."""

    service: Service
    dsn: str
    url: str
    workers: list[Part]
    connection: Connection


def run_demo(*, events: int, duplicates: float, keep: bool, say: Say) -> DemoReport:
    """Run the whole demo and return its report; KeyboardInterrupt after SIGINT, SIGTERM or SIGHUP.

    To be called from the main thread.
    """
    began = time.monotonic()
    workload = Workload(events=events, duplicates=duplicates, topics=10, seed=SEED)
    with _stopped_once(), ExitStack() as stack:
        directory = stack.enter_context(_directory(keep))
        running = _start(stack, directory, say)
        started = time.monotonic()
        simulation, stats, kill = uvloop.run(_publish(running, workload, say))
        replay = _replay(running.service, workload.events, say)
        say("counting again, by SQL and delivery by delivery")
        with translated_errors():
            counts = check_counts(running.connection, workload, stats)
            facts = [
                *check_facts(running.connection, workload),
                *replay.facts,
                _check_processes(running.service),
            ]
        return DemoReport(
            events=workload.events,
            unique=workload.unique,
            duplicates=workload.repeats,
            postgres=running.connection.info.parameter_status("server_version") or "",
            workers=WORKERS,
            started_seconds=started - began,
            published_seconds=simulation.seconds,
            published_rate=simulation.rate,
            latency_ms=simulation.quantiles(),
            projected_seconds=simulation.drained_seconds or 0.0,
            projected_rate=simulation.accepted / (simulation.seconds + (simulation.drained_seconds or 0.0)),
            rebuilt_seconds=replay.rebuilt_seconds,
            verified_seconds=replay.verified_seconds,
            kill=kill,
            counts=counts,
            facts=facts,
            seconds=time.monotonic() - began,
            kept_in=str(directory) if keep else None,
        )


@contextmanager
def _stopped_once() -> Iterator[None]:
    """Turn the first signal to stop into KeyboardInterrupt, and let no other interrupt the cleaning up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in STOPPING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _directory(keep: bool) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="eventlog-demo-"))
    try:
        yield path
    finally:
        if not keep:
            shutil.rmtree(path, ignore_errors=True)


def _start(stack: ExitStack, directory: Path, say: Say) -> DemoService:
    """Start everything and wait until it works; the stack stops it in the opposite order."""
    server = EmbeddedServer(directory)
    stack.callback(server.stop)
    server.start(say)
    say("starting the API and the workers")
    service = Service(server.dsn, directory)
    stack.callback(service.stop)
    url = service.start_api()
    workers = [service.start_worker() for _ in range(WORKERS)]
    connection = stack.enter_context(connect(server.dsn, "owner", "demo"))
    _wait_for_workers(connection, service)
    return DemoService(service, server.dsn, url, workers, connection)


def _wait_for_workers(connection: Connection, service: Service) -> None:
    deadline = time.monotonic() + WORKERS_SECONDS_MAX
    while _number(connection, "demo/workers") < WORKERS:
        for part in service.ended():
            raise EventlogError(f"the demo's {part.name} ended; it said:\n{part.said()[-2000:]}")
        if time.monotonic() > deadline:
            raise EventlogError("the demo's workers did not connect within a minute")
        time.sleep(POLL_SECONDS)


async def _publish(running: DemoService, workload: Workload, say: Say) -> tuple[Report, ServerStats, Kill]:
    """Publish everything, killing a worker half way, and wait until all of it is projected."""
    load = SendOptions()
    async with Client(running.url, connections=load.concurrency) as client:
        simulation = Simulation(client, workload, load)
        publishing = asyncio.create_task(simulation.run())
        try:
            while simulation.report.accepted < workload.events // 2 and not publishing.done():  # noqa: ASYNC110  a count is watched
                await asyncio.sleep(POLL_SECONDS)
            kill = _kill_a_worker(running, simulation.report.accepted)
            say(f"kill -9 {kill.worker}; {kill.successor} takes its place")
            report = await publishing
        finally:
            publishing.cancel()
        if report.given_up is not None:
            raise report.given_up
        return report, await simulation.stats(), kill


def _kill_a_worker(running: DemoService, acknowledged: int) -> Kill:
    victim = running.workers[0]
    running.service.kill(victim)
    pending = _number(running.connection, "demo/pending")
    successor = running.service.start_worker()
    return Kill(victim.name, victim.process.pid, acknowledged, pending, successor.name)


def _replay(service: Service, deliveries: int, say: Say) -> Replay:
    """Rebuild the core projection beside the live one, switch, and verify: what is counted is the replay."""
    say("rebuilding the projection from the log")
    began = time.monotonic()
    rebuilt = service.run("rebuild", "core", "--yes") == 0
    switched = time.monotonic()
    say("verifying that it equals another replay")
    verified = service.run("verify", "core") == 0
    return Replay(
        switched - began,
        time.monotonic() - switched,
        [
            Fact(
                "deliveries replayed by a rebuild, and switched to", deliveries, 0 if rebuilt else deliveries
            ),
            Fact(
                "deliveries whose replay gives the same rows again", deliveries, 0 if verified else deliveries
            ),
        ],
    )


def _check_processes(service: Service) -> Fact:
    ended = service.ended()
    return Fact("processes that still run", len(service), len(ended))


def _number(connection: Connection, name: str) -> int:
    row = connection.execute(statement(name)).fetchone()
    assert row is not None
    (number,) = row
    return int(number)
