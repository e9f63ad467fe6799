"""The load simulator: send a seeded load, then hold the server's counts against one's own."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

from eventlog.terminal.errors import ApiUnavailable
from eventlog.terminal.progress import Meter
from eventlog.tls.access import NOTHING, Access
from publisher.books import CheckedCount, SentCounts, ServerStats, compare, percentile
from publisher.client import Client, PublishAnswer
from publisher.errors import PublishRefused
from publisher.simulation.stages import Stage, Threshold, due_seconds
from publisher.simulation.workload import PublishBatch, Workload

DRAIN_POLL_SECONDS = 0.1


class _Accepted(msgspec.Struct):
    accepted: int


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How to send a workload. `rate` is in events per second; 0 sends as fast as answers come.

    stages: rates that change, in its place. p95_seconds_max, errors_max: what the run must reach.
    """

    batch: int = 100
    concurrency: int = 8
    rate: float = 0.0
    check: bool = True
    drain_seconds: float = 120.0
    stages: tuple[Stage, ...] = ()
    p95_seconds_max: float | None = None
    errors_max: float | None = None


@dataclass(slots=True)
class Report:
    """What a run came to; durations in seconds, latencies in milliseconds."""

    seed: int
    events: int
    unique: int
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_requests: int = 0
    retries: int = 0
    perhaps_stored: int = 0
    seconds: float = 0.0
    drained_seconds: float | None = None
    latencies: list[float] = field(default_factory=list)
    first_refusal: str = ""
    given_up: ApiUnavailable | None = None
    lines: list[CheckedCount] = field(default_factory=list)
    attempts: int = 0
    targets: list[Threshold] = field(default_factory=list)

    @property
    def errors(self) -> float:
        """The share of requests that were not answered by 2xx, those that were sent again included."""
        failed = self.attempts - len(self.latencies) + self.rejected_requests
        return failed / self.attempts if self.attempts else 0.0

    @property
    def reached(self) -> bool:
        """Tell whether every target is met."""
        return all(target.met for target in self.targets)

    @property
    def rate(self) -> float:
        """Acknowledged events per second."""
        return self.accepted / self.seconds if self.seconds else 0.0

    @property
    def holds(self) -> bool:
        """Tell whether every count that was checked is as expected."""
        return all(line.holds for line in self.lines)

    def quantiles(self) -> dict[str, float]:
        """Return the latency of requests, in milliseconds."""
        ordered = sorted(self.latencies)
        return {f"p{share}": percentile(ordered, share / 100) * 1000 for share in (50, 95, 99)}

    def as_json(self) -> bytes:
        """Encode the report for programs."""
        names = ("seed", "events", "unique", "sent", "accepted", "rejected", "retries", "perhaps_stored")
        document: dict[str, Any] = {name: getattr(self, name) for name in names}
        document |= {"seconds": round(self.seconds, 6), "rate": round(self.rate, 1)}
        document |= {"drained_seconds": self.drained_seconds}
        document["latency_ms"] = {name: round(value, 3) for name, value in self.quantiles().items()}
        document["check"] = [
            {"count": line.name, "low": line.low, "high": line.high, "got": line.got, "holds": line.holds}
            for line in self.lines
        ]
        document["errors"] = round(self.errors, 6)
        document["targets"] = [
            {"target": target.name, "most": target.most, "got": round(target.got, 6), "met": target.met}
            for target in self.targets
        ]
        document["holds"] = self.holds if self.lines else None
        return msgspec.json.encode(document)


class Simulation:
    """One run of a workload against one API."""

    def __init__(self, client: Client, workload: Workload, load: SendOptions, quiet: bool = False) -> None:
        self._client = client
        self._workload = workload
        self._load = load
        self._quiet = quiet
        self._scheduled = 0
        self.report = Report(seed=workload.seed, events=workload.events, unique=workload.unique)

    async def run(self) -> Report:
        """Send everything; with `check`, wait until it is projected and compare the counts.

        An API that goes away is not raised but noted in `given_up`, so that what was sent is not lost
        from the report; one that is away from the start raises ApiUnavailable.
        """
        before = await self._quiescent_stats() if self._load.check else None
        known_before = self._load.check and await self._is_known()
        await self._send()
        if before is not None and self.report.given_up is None:
            await self._check(before, known_before)
        return self.report

    async def _send(self) -> None:
        load, started = self._load, time.perf_counter()
        attempts_before = self._client.counters.attempts
        batches = self._workload.batches(load.batch)
        with Meter("publishing", self._workload.events, "events", quiet=self._quiet) as meter:
            senders = [self._sender(batches, started, meter) for _ in range(load.concurrency)]
            await asyncio.gather(*senders)
        self.report.seconds = time.perf_counter() - started
        self.report.retries = self._client.counters.retries
        self.report.attempts = self._client.counters.attempts - attempts_before
        self.report.targets = list(self._targets())
        self.report.perhaps_stored = self._client.counters.perhaps_stored

    def _targets(self) -> Iterator[Threshold]:
        load, report = self._load, self.report
        if load.p95_seconds_max is not None:
            yield Threshold("p95_ms", load.p95_seconds_max * 1000, report.quantiles()["p95"])
        if load.errors_max is not None:
            yield Threshold("errors", load.errors_max, report.errors)

    async def _sender(self, batches: Iterator[PublishBatch], started: float, meter: Meter) -> None:
        """Take the next batch of the shared load, send it, and so on; several of these run at once."""
        report = self.report
        for batch in batches:
            due = self._due(batch, started)
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            if report.given_up is not None:
                return
            report.sent += batch.events
            await self._publish(batch)
            report.latencies.append(time.perf_counter() - due)
            meter.show(report.accepted + report.rejected)

    def _due(self, batch: PublishBatch, started: float) -> float:
        """Return when the batch is to go out: now, or when the rate says so.

        Open loop: latency counts from here, so a server that stalls cannot hide it by slowing its load.
        """
        self._scheduled += batch.events
        if self._load.stages:
            # With its last event: a batch larger than the load would else be sent at once, without a ramp.
            return started + due_seconds(self._load.stages, self._scheduled - 1)
        if self._load.rate <= 0:
            return time.perf_counter()
        return started + (self._scheduled - batch.events) / self._load.rate

    async def _publish(self, batch: PublishBatch) -> None:
        try:
            answer = await self._client.publish(batch.body, events=batch.events)
        except PublishRefused as refusal:
            self.report.rejected += batch.events
            self.report.rejected_requests += 1
            self.report.first_refusal = self.report.first_refusal or str(refusal)
        except ApiUnavailable as error:
            self.report.given_up = self.report.given_up or error
        else:
            self.report.accepted += accepted_count(answer)

    async def _is_known(self) -> bool:
        """Ask whether an earlier run published this load: then its events are duplicates from the start."""
        topic, event_id = self._workload.key(0)
        try:
            await self._client.get(f"/events/{quote(topic, safe='')}/{quote(event_id, safe='')}")
        except PublishRefused:
            return False
        return True

    async def _check(self, before: ServerStats, known_before: bool) -> None:
        started = time.perf_counter()
        after = await self._drained(before)
        report = self.report
        report.drained_seconds = round(time.perf_counter() - started, 3)
        sent = SentCounts(
            acknowledged=report.accepted,
            unique=self._workload.unique,
            not_acknowledged=self._workload.events - report.accepted,
            perhaps_stored=report.perhaps_stored,
            known_before=known_before,
        )
        report.lines = compare(before, after, sent)

    async def _quiescent_stats(self) -> ServerStats:
        """Read the counts once all that came before us is projected, else it would look like ours."""
        return await self._wait_for_projection("waiting for earlier events", received_at_least=0)

    async def _drained(self, before: ServerStats) -> ServerStats:
        return await self._wait_for_projection(
            "waiting for the projection", received_at_least=before.received + self.report.accepted
        )

    async def _wait_for_projection(self, what: str, received_at_least: int) -> ServerStats:
        """Poll until nothing is pending; returns the last reading also when the time runs out."""
        deadline = time.monotonic() + self._load.drain_seconds
        with Meter(what, None, "events", quiet=self._quiet) as meter:
            first = await self.stats()
            stats = first
            while stats.pending or stats.received < received_at_least:
                if time.monotonic() > deadline:
                    break
                meter.show(first.pending - stats.pending, first.pending)
                await asyncio.sleep(DRAIN_POLL_SECONDS)
                stats = await self.stats()
        return stats

    async def stats(self) -> ServerStats:
        """Read the server's counts."""
        return msgspec.json.decode((await self._client.get("/stats")).body, type=ServerStats)


def accepted_count(answer: PublishAnswer) -> int:
    """Read how many deliveries an answer acknowledges."""
    return msgspec.json.decode(answer.body, type=_Accepted).accepted


async def simulate(
    url: str, workload: Workload, load: SendOptions, quiet: bool = False, access: Access = NOTHING
) -> Report:
    """Run a workload against the API at `url` and return the report."""
    async with Client(url, access=access, connections=load.concurrency) as client:
        return await Simulation(client, workload, load, quiet).run()
