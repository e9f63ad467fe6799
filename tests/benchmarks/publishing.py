"""Publish a load to a running service and say how fast it was accepted and projected, and at what cost."""

import time
from collections.abc import Sequence

import msgspec

from tests.benchmarks.arena import Place
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.driving import Generator
from tests.benchmarks.generator import Plan, Report
from tests.benchmarks.meter import Cost, Meter, peak_bytes
from tests.benchmarks.service import Service


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing a load came to. Rates are events a second, from the first request on.

    projected: until core had all of it; None without workers.
    behind: how many deliveries the other projections had still before them then.
    """

    accepted: float
    projected: float | None
    behind: int
    most_pending: int
    report: Report
    cost: Cost
    api_peak_bytes: int
    load: Load
    unique: int


def publish(
    place: Place,
    service: Service,
    load: Load,
    *,
    connections: int,
    workers: bool,
    most_pending: int | None = None,
    rate: float | None = None,
    deliveries: bool = False,
    give_up: bool = False,
    key: str | None = None,
) -> Published:
    """Publish a load and wait until it is projected.

    most_pending: publishers wait while more deliveries than this are not yet projected.
    """
    plan = Plan(
        load=load,
        addresses=service.addresses,
        connections=connections,
        rate=rate,
        deliveries=deliveries,
        give_up=give_up,
        key=key,
    )
    seen = [0]

    def pending() -> int:
        now = place.pending()
        seen[0] = max(seen[0], now)
        return now

    with Generator(plan) as generator:
        meter = Meter(place.observer, place.server.pid, service)
        generator.go()
        if workers and most_pending is not None:
            generator.bound(pending, most_pending)
        report = generator.report()
        if workers:
            place.wait_until_projected(["core"])
        ended = time.time()
        cost = meter.cost(report.cpu_seconds)
    return Published(
        accepted=report.accepted_events / (report.accepted_until - report.began),
        projected=report.accepted_events / (ended - report.began) if workers else None,
        behind=place.pending("timeline") if workers else 0,
        most_pending=seen[0],
        report=report,
        cost=cost,
        api_peak_bytes=max(peak_bytes(process.pid) for process in service.processes.values()),
        load=load,
        unique=load.unique_without(report.missing),
    )


def verified(place: Place, published: Sequence[Published], *, projected: bool) -> list[str]:
    """Return what is not as it must be after these loads, and no others, were published to a place."""
    received = sum(each.report.accepted_events for each in published)
    wrong = faults(place.observer, received, sum(each.unique for each in published), projected=projected)
    for report in (each.report for each in published):
        if report.lost:
            wrong.append(f"{report.lost} requests were lost")
        if set(report.statuses) - {202, 503}:
            wrong.append(f"answers: {report.statuses}")
    return wrong
