"""Workers in threads, until everything is projected."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from projections.projection import PROJECTIONS, Projection
from projections.worker import Worker
from tests.support.waiting import until


def lag(connection: psycopg.Connection[TupleRow], projections: Sequence[Projection] = PROJECTIONS) -> int:
    """Return how many deliveries these projections have before them."""
    row = connection.execute(
        "SELECT coalesce(sum(head_of(partition) - checkpoint_of(projection, version, partition)), 0)"
        " FROM claims WHERE projection = ANY (%s)",
        [[projection.name for projection in projections]],
    ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def workers(
    dsn: str, count: int = 1, *, batch_size: int = 1000, projections: Sequence[Projection] = PROJECTIONS
) -> Iterator[list[Worker]]:
    """Run workers, each in a thread; stop them at the end."""
    running = [Worker(dsn, batch_size=batch_size, projections=projections) for _ in range(count)]
    threads = [threading.Thread(target=worker.run, daemon=True) for worker in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        for worker in running:
            worker.stop()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive(), "a worker did not stop"


def project_all(
    dsn: str,
    count: int = 1,
    *,
    batch_size: int = 1000,
    projections: Sequence[Projection] = PROJECTIONS,
    deadline_seconds: float = 60,
) -> None:
    """Project until nothing is left."""
    with (
        psycopg.connect(dsn, autocommit=True) as connection,
        workers(dsn, count, batch_size=batch_size, projections=projections),
    ):
        until(
            lambda: lag(connection, projections) == 0,
            deadline_seconds=deadline_seconds,
            message="the lag stays",
        )
