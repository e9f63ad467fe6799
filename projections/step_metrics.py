"""What the workers of a process have projected, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
DELIVERIES = (1, 10, 100, 1_000, 10_000, 100_000)


class StepMetrics:
    """Counts steps by projection; there are as many as are installed, and no more."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        by, at = ("projection",), self.registry
        self._seconds = Histogram(
            "eventlog_step_seconds", "Time of a projector's step.", by, registry=at, buckets=SECONDS
        )
        self._deliveries = Histogram(
            "eventlog_step_deliveries", "Deliveries of a step.", by, registry=at, buckets=DELIVERIES
        )
        self._failed = Counter(
            "eventlog_steps_failed", "Steps that failed and are tried again.", by, registry=at
        )

    def step(self, projection: str, deliveries: int, seconds: float) -> None:
        """Count one that is committed."""
        self._seconds.labels(projection).observe(seconds)
        self._deliveries.labels(projection).observe(deliveries)

    def failed(self, projection: str) -> None:
        """Count one that is not."""
        self._failed.labels(projection).inc()
