"""Run several workers in one process, each with a thread and a connection of its own."""

import threading
from collections.abc import Sequence

from projections.projection import PROJECTIONS, Projection
from projections.step_metrics import StepMetrics
from projections.worker import Worker


class WorkerPool:
    """Workers that start and stop together."""

    def __init__(
        self,
        dsn: str,
        *,
        count: int,
        batch_size: int,
        projections: Sequence[Projection] = PROJECTIONS,
        metrics: StepMetrics | None = None,
    ) -> None:
        self.workers = [
            Worker(dsn, batch_size=batch_size, projections=projections, metrics=metrics) for _ in range(count)
        ]
        self._threads = [
            threading.Thread(target=worker.run, name=f"eventlog-worker-{number}")
            for number, worker in enumerate(self.workers)
        ]

    def start(self) -> None:
        """Start all workers."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each worker end its step, then end them all."""
        for worker in self.workers:
            worker.stop()
        for thread in self._threads:
            if thread.ident is not None:  # it was started
                thread.join()
