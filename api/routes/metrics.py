"""GET /metrics: the books in Prometheus's format, and what this process takes.

The numbers are read when they are asked for, by the statement of /stats, so every scrape is one
snapshot. A registry is made for each scrape: nothing global is kept.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.errors import Problem
from api.reading import HEADERS, read, route, services_of
from api.routes.projections import states
from api.services import Services
from eventlog import __version__
from eventlog.read import Books, books
from projections.state import State

router = APIRouter(tags=["service"])


class Reading(Collector):
    """The metrics of one scrape."""

    def __init__(self, services: Services, counts: Books | None, states: Sequence[State]) -> None:
        self._services = services
        self._counts = counts
        self._states = states

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; without the database, what this process knows."""
        yield from self._of_process()
        if self._counts is not None:
            yield from _of_books(self._counts)
        yield from _of_projections(self._states)

    def _of_process(self) -> Iterator[Metric]:
        uptime = max(0.0, (datetime.now(UTC) - self._services.member.started_at).total_seconds())
        yield _gauge("eventlog_up", "1 while the books can be read.", float(self._counts is not None))
        yield _gauge("eventlog_queue_events", "Events that wait for the writer.", self._services.queue_size)
        yield _gauge("eventlog_queue_events_max", "The queue's bound.", self._services.queue_events_max)
        yield _gauge("eventlog_uptime_seconds", "Since this service started.", uptime)
        info = GaugeMetricFamily("eventlog_info", "Always 1; what runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def _of_books(counts: Books) -> Iterator[Metric]:
    yield CounterMetricFamily("eventlog_received", "Deliveries in the log.", counts.received)
    yield CounterMetricFamily(
        "eventlog_unique", "Deliveries that were an event's first.", counts.unique_processed
    )
    yield CounterMetricFamily("eventlog_duplicates", "Deliveries that repeat one.", counts.duplicate_dropped)
    yield CounterMetricFamily(
        "eventlog_conflicts", "Duplicates whose content differs from the first.", counts.conflicts
    )
    yield _gauge("eventlog_quarantined", "Deliveries that were set aside.", counts.quarantined)
    yield _gauge("eventlog_lag_deliveries", "Deliveries not yet projected.", counts.pending)
    yield _gauge(
        "eventlog_lag_seconds", "Age of the oldest delivery not yet projected.", counts.lag_seconds or 0.0
    )
    yield _gauge("eventlog_balanced", "1 when every delivery is accounted for exactly once.", counts.balanced)
    yield _gauge("eventlog_topics", "Topics that have deliveries.", counts.topics)
    yield _gauge("eventlog_workers", "Projector workers connected to the database.", counts.workers)


def _of_projections(states: Sequence[State]) -> Iterator[Metric]:
    """Yield what alarms are for: a projection that is dropped has neither lag nor quarantine."""
    live = GaugeMetricFamily("eventlog_projection_live", "0 while it is dropped.", labels=["projection"])
    lag = GaugeMetricFamily(
        "eventlog_projection_lag_deliveries",
        "Deliveries that it has not projected yet.",
        labels=["projection"],
    )
    waiting = GaugeMetricFamily(
        "eventlog_projection_lag_seconds", "Age of the oldest of them.", labels=["projection"]
    )
    quarantined = GaugeMetricFamily(
        "eventlog_projection_quarantined", "Deliveries that it has set aside.", labels=["projection"]
    )
    for state in states:
        live.add_metric([state.name], float(state.version is not None))
        if state.version is not None:
            lag.add_metric([state.name], state.lag_deliveries or 0)
            waiting.add_metric([state.name], state.lag_seconds or 0.0)
            quarantined.add_metric([state.name], state.quarantined)
    yield from (live, lag, waiting, quarantined)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value)


@route(
    router,
    "/metrics",
    summary="Metrics for Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """The counts of /stats from one snapshot, and this process's own; without the database these alone."""
    services = services_of(request)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Reading(services, await _counts(services), await _states(services)))
    return Response(generate_latest(registry), headers=HEADERS, media_type=CONTENT_TYPE_LATEST)


async def _states(services: Services) -> list[State]:
    try:
        return await read(services, states)
    except Problem:
        return []


async def _counts(services: Services) -> Books | None:
    try:
        return await read(services, lambda reader: books(reader, topics=0))
    except Problem:
        return None
