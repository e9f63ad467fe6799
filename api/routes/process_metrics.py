"""What a process has counted of its requests and of its writer, as Prometheus has it."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from api.http.traffic import Traffic
from eventlog.distribution import Distribution
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
    for name, documentation, counted in (
        ("requests", "Requests that were answered, by the id of their key.", traffic.key_requests),
        ("events", "Events that were taken, by the id of their key.", traffic.key_events),
    ):
        of_keys = CounterMetricFamily(f"eventlog_key_{name}", documentation, labels=["key"])
        for key, count in sorted(counted.items()):
            of_keys.add_metric([key], count)
        yield of_keys


def of_flushes(writer: Writer) -> Iterator[Metric]:
    """Yield how long the writer's commits took, and what they held."""
    yield _histogram("eventlog_flush_seconds", "Time of a commit of the writer.", writer.flushes.seconds)
    yield _histogram("eventlog_flush_events", "Events of a commit.", writer.flushes.events)


def _histogram(name: str, documentation: str, spread: Distribution) -> Metric:
    family = HistogramMetricFamily(name, documentation)
    family.add_metric([], spread.buckets(), spread.total)
    return family
