"""GET /metrics: the books in Prometheus's format, and what this process takes.

The numbers are read when they are asked for: the books by the statement of /stats, so they are one
snapshot, and the projections by that of /projections. A registry is made for each scrape: nothing global is
kept.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.errors import Problem, answered
from api.http.authentication import OUTCOMES, Authentication
from api.http.connection import HttpConnection
from api.http.connection_limit import ConnectionLimit
from api.http.traffic import traffic
from api.routes.process_metrics import of_disk, of_flushes, of_traffic
from api.routes.projections import states
from api.routes.read_route import HEADERS, read, route, services_of
from api.routes.stats import counted_by
from api.wiring import Services
from eventlog import __version__
from eventlog.audit.limits import OVERRUNNING_MAX
from eventlog.audit.sessions import FIND_OVERRUNNING
from eventlog.keys.quotas import NAMES as QUOTAS
from eventlog.log.disk_room import volumes
from eventlog.tls.server_certificate import HANDSHAKES, ServerCertificate
from projections.read import Books, ReadSession
from projections.read.alarming import Since, oldest_snapshot, unverified
from projections.read.standing_still import StandingStill, standing_still
from projections.state import ProjectionState

router = APIRouter(tags=["service"])

T = TypeVar("T")


class Reading(Collector):
    """The metrics of one scrape."""

    def __init__(
        self,
        services: Services,
        connection: HttpConnection,
        counts: Books | None,
        projections: Sequence[ProjectionState],
        still: Sequence[StandingStill],
        overrunning: int | None,
        authentication: Authentication,
        unverified: Sequence[Since],
        snapshots: Sequence[Since],
    ) -> None:
        self._unverified = unverified
        self._snapshots = snapshots
        self._authentication = authentication
        self._services = services
        self._connection = connection
        self._counts = counts
        self._projections = projections
        self._still = {found.name: found.seconds for found in still}
        self._overrunning = overrunning

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; without the database, what this process knows."""
        yield from self._of_process()
        if self._counts is not None:
            yield from _of_books(self._counts)
        yield from _of_projections(self._projections, self._still)
        yield _labelled(
            "unverified_seconds",
            "Since it was last proven to equal a replay, or was built.",
            {found.name: found.seconds for found in self._unverified},
        )
        for oldest in self._snapshots:
            yield _gauge(
                "eventlog_oldest_snapshot_seconds",
                "For how long the oldest snapshot of the database has been held, as far as may be seen.",
                oldest.seconds,
            )
        if self._overrunning is not None:
            yield _gauge(
                "eventlog_sql_overrunning",
                f"Questions in SQL that run over their time, which nothing ends; {OVERRUNNING_MAX} at most.",
                self._overrunning,
            )

    def _of_process(self) -> Iterator[Metric]:
        uptime = max(0.0, (datetime.now(UTC) - self._services.member.started_at).total_seconds())
        yield _gauge("eventlog_up", "1 while the books can be read.", float(self._counts is not None))
        yield _gauge("eventlog_queue_events", "Events that wait for the writer.", self._services.queue_size)
        yield _gauge("eventlog_queue_events_max", "The queue's bound.", self._services.queue_events_max)
        yield _gauge("eventlog_uptime_seconds", "Since this service started.", uptime)
        info = GaugeMetricFamily("eventlog_info", "Always 1; what runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield from _of_connections(self._connection.connection_limit)
        if self._connection.server_certificate is not None:
            yield from _of_certificate(self._connection.server_certificate)
        yield _gauge("eventlog_streams", "Streams of events that are open.", self._services.hub.readers)
        yield _gauge("eventlog_streams_max", "Their bound.", self._services.settings.streams_max)
        yield _gauge(
            "eventlog_stream_waiting_bytes",
            "What waits for the readers of streams to take it, which is how far they are behind.",
            self._services.hub.waiting_bytes,
        )
        yield from of_traffic(traffic)
        yield from of_flushes(self._services.writer)
        yield from of_disk(volumes(self._services.settings))
        yield _of_problems()
        yield _of_callers(self._authentication)
        yield _of_quotas(self._authentication)


def _of_connections(connection_limit: ConnectionLimit) -> Iterator[Metric]:
    yield _gauge("eventlog_connections", "Open connections.", connection_limit.open)
    yield _gauge("eventlog_connections_max", "Their bound.", connection_limit.connections_max)
    closed = CounterMetricFamily(
        "eventlog_connections_closed",
        "Closed by us: idle, to make room (shed); when no room could be made (refused); "
        "because their client took too little of its answer (stuck).",
        labels=["reason"],
    )
    for reason, count in (
        ("shed", connection_limit.shed),
        ("refused", connection_limit.refused),
        ("stuck", connection_limit.cut),
    ):
        closed.add_metric([reason], count)
    yield closed


def _of_certificate(certificate: ServerCertificate) -> Iterator[Metric]:
    ends_at = certificate.current.ends_at.timestamp()
    yield _gauge("eventlog_tls_certificate_end_seconds", "Until when it holds, in Unix time.", ends_at)
    yield CounterMetricFamily("eventlog_tls_renewals", "Certificates that were taken.", certificate.renewals)
    yield _gauge(
        "eventlog_tls_renewal_failed",
        "1 while what lies in its files is of no use, and the one before goes on being used.",
        float(certificate.fault is not None),
    )
    handshakes = CounterMetricFamily(
        "eventlog_tls_handshakes",
        "Connections by what became of TLS; left: the client went before it was done.",
        labels=["outcome"],
    )
    for outcome in HANDSHAKES:
        handshakes.add_metric([outcome], certificate.handshakes[outcome])
    yield handshakes


def _of_problems() -> Metric:
    problems = CounterMetricFamily(
        "eventlog_problems", "Answers that were problems.", labels=["status", "code"]
    )
    for (status, code), count in sorted(answered.items()):
        problems.add_metric([str(status), code], count)
    return problems


def _of_callers(authentication: Authentication) -> Metric:
    requests = CounterMetricFamily(
        "eventlog_auth",
        "Requests by what came of their key, where keys are looked at; under `observe` all are let in.",
        labels=["outcome"],
    )
    for outcome in OUTCOMES:
        requests.add_metric([outcome], authentication.counted[outcome])
    return requests


def _of_quotas(authentication: Authentication) -> Metric:
    refused = CounterMetricFamily(
        "eventlog_quota_exceeded",
        "Requests beyond a quota of their key, by quota; under `observe` all are let in.",
        labels=["quota"],
    )
    meters = authentication.meters
    for quota in QUOTAS:
        refused.add_metric([quota], 0 if meters is None else meters.refused[quota])
    return refused


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
    yield _gauge("eventlog_topics", "Topics that have deliveries.", counts.topics or 0)
    yield _gauge("eventlog_workers", "Projector workers connected to the database.", counts.workers)


def _of_projections(projections: Sequence[ProjectionState], still: Mapping[str, float]) -> Iterator[Metric]:
    """Yield what alarms are for: a projection that is dropped has neither lag nor quarantine."""
    live = [state for state in projections if state.version is not None]
    yield _labelled("live", "0 while it is dropped.", {p.name: p.version is not None for p in projections})
    yield _labelled(
        "lag_deliveries",
        "Deliveries that it has not projected yet.",
        {state.name: state.lag_deliveries or 0 for state in live},
    )
    yield _labelled(
        "lag_seconds", "Age of the oldest of them.", {state.name: state.lag_seconds or 0.0 for state in live}
    )
    yield _labelled(
        "quarantined", "Deliveries that it has set aside.", {state.name: state.quarantined for state in live}
    )
    yield _labelled(
        "standing_still_seconds",
        "How long it has had work and made no step; 0 while it moves.",
        {state.name: still.get(state.name, 0.0) for state in live},
    )


def _labelled(name: str, documentation: str, values: dict[str, float]) -> Metric:
    gauge = GaugeMetricFamily(f"eventlog_projection_{name}", documentation, labels=["projection"])
    for projection, value in values.items():
        gauge.add_metric([projection], value)
    return gauge


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value)


@route(
    router,
    "/metrics",
    forms=(),
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"description": "the metrics"}},
)
async def metrics(request: Request) -> Response:
    """The counts of /stats from one snapshot, each projection, and this process's own.

    Without the database, this process's own alone.
    """
    services = services_of(request)
    counts, projections, still, over, since, snapshots = await asyncio.gather(
        _known(_counts(services)),
        _known(read(services, states)),
        _known(read(services, standing_still)),
        _known(read(services, overrunning)),
        _known(read(services, unverified)),
        _known(read(services, oldest_snapshot)),
    )
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    known = Reading(
        services,
        request.scope["connection"],
        counts,
        projections or [],
        still or [],
        over,
        request.app.state.authentication,
        since or [],
        snapshots or [],
    )
    registry.register(known)
    return Response(generate_latest(registry), headers=HEADERS, media_type=CONTENT_TYPE_LATEST)


async def _counts(services: Services) -> Books:
    counts, _ = await services.bookkeeper.books(counted_by(services), topics=0)
    return counts


async def overrunning(reader: ReadSession) -> int:
    """Return how many questions in SQL run over."""
    cursor = await reader.execute(FIND_OVERRUNNING)
    return len(await cursor.fetchall())


async def _known(reading: Awaitable[T]) -> T | None:
    try:
        return await reading
    except Problem:
        return None
