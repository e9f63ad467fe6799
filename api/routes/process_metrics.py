"""What a process has counted of its requests and of its writer, as Prometheus has it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from api.http.traffic import Traffic
from eventlog.distribution import Distribution
from eventlog.log.disk_room import free_bytes
from eventlog.log.writer import Writer


def of_traffic(traffic: Traffic) -> Iterator[Metric]:
    """Yield requests by route and by key."""
    requests = CounterMetricFamily(
        "eventlog_requests",
        "Requests that were answered; /publish is /publish/batch, too, and what is no route is other.",
        labels=["route", "method", "status"],
    )
    for (route, method, status), count in sorted(traffic.all_answers().items()):
        requests.add_metric([route, method, str(status)], count)
    yield requests
    seconds = HistogramMetricFamily(
        "eventlog_request_seconds",
        "From a request's head, or its end where it came whole, to the end of its answer; not of streams.",
        labels=["route"],
    )
    for route, spread in sorted(traffic.seconds.items()):
        seconds.add_metric([route], spread.buckets(), spread.total)
    yield seconds
    yield CounterMetricFamily("eventlog_received_bytes", "Bytes of publishes' bodies.", traffic.bytes_in)
    requests = CounterMetricFamily(
        "eventlog_key_requests", "Requests that were answered, by the id of their key.", labels=["key"]
    )
    events = CounterMetricFamily(
        "eventlog_key_events", "Events that were taken, by the id of their key.", labels=["key"]
    )
    for key, (request_count, event_count) in sorted(traffic.of_keys.items()):
        requests.add_metric([key], request_count)
        events.add_metric([key], event_count)
    yield requests
    yield events


def of_flushes(writer: Writer) -> Iterator[Metric]:
    """Yield how long the writer's commits took, and what they held."""
    yield _histogram("eventlog_flush_seconds", "Time of a commit of the writer.", writer.flushes.seconds)
    yield _histogram("eventlog_flush_events", "Events of a commit.", writer.flushes.events)


def of_disk(folders: Sequence[Path]) -> Iterator[Metric]:
    """Yield how much room the embedded server has; of another one nobody tells."""
    free = free_bytes(folders)
    if free is not None:
        yield GaugeMetricFamily(
            "eventlog_disk_free_bytes", "Room on the fullest volume of the embedded PostgreSQL.", free
        )


def _histogram(name: str, documentation: str, spread: Distribution) -> Metric:
    family = HistogramMetricFamily(name, documentation)
    family.add_metric([], spread.buckets(), spread.total)
    return family
