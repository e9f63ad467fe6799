"""Play what a rebuild could not fill, step by step, several partitions at a time."""

import threading
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

import msgspec

from eventlog.sessions.database import Connection
from projections import replay
from projections.errors import OperationCancelled
from projections.operations import fence
from projections.projection import Projection
from projections.rebuilding.job_pool import JobPool
from projections.replay import Decision, Span
from projections.versions import Version


class Steps(msgspec.Struct, frozen=True, tag=True):
    """What to play into a version: these spans, but for what is decided.

    operation: the one that every step is a part of.
    workers: how many spans at a time.
    throttle: the most deliveries a second.
    """

    operation: UUID
    version: int
    schema_name: str
    spans: list[Span]
    decided: list[Decision]
    workers: int
    batch_size: int
    throttle: int | None = None


def play_steps(
    dsn: str,
    projection: Projection,
    steps: Steps,
    count: Callable[[int], None],
    watch: Callable[[], None],
    cancelled: threading.Event,
) -> None:
    """Play, and return when all is played.

    `count` hears from any thread how many deliveries a step was of; `watch` is called now and then, and
    may raise to end it, as `cancelled` does.
    """
    _Playing(projection, steps, count, cancelled).run(dsn, watch)


class _Playing:
    """Steps under way."""

    def __init__(
        self, projection: Projection, steps: Steps, count: Callable[[int], None], cancelled: threading.Event
    ) -> None:
        self._version = Version(projection, steps.version, steps.schema_name)
        self._steps = steps
        self._count = count
        self._cancelled = cancelled
        self._began = time.monotonic()
        self._done = 0
        self._counting = threading.Lock()

    def run(self, dsn: str, watch: Callable[[], None]) -> None:
        """Play all spans."""
        jobs = [partial(self._play, span) for span in self._steps.spans]
        JobPool(dsn, self._steps.workers, watch).do(jobs)

    def _play(self, span: Span, connection: Connection) -> None:
        steps = self._steps
        replay.step(
            connection,
            self._version,
            span,
            steps.decided,
            before_each=partial(fence, connection, steps.operation),
            after_each=self._count_and_pace,
            batch_size=min(steps.batch_size, steps.throttle or steps.batch_size),
        )

    def _count_and_pace(self, deliveries: int) -> None:
        with self._counting:
            self._done += deliveries
        self._count(deliveries)
        if self._cancelled.is_set():
            raise OperationCancelled
        if self._steps.throttle is not None:
            early = self._done / self._steps.throttle - (time.monotonic() - self._began)
            self._cancelled.wait(max(0.0, early))
