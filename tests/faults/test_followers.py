"""Who follows the log sees every event once, in order, whatever is killed meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.client import Load, load
from tests.faults.follower import Follower, Way
from tests.faults.servers import crash
from tests.faults.stack import Stack
from tests.support.waiting import until


@pytest.fixture
def restarted(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Leave a running server behind."""
    yield server
    server.start()


@pytest.mark.parametrize("way", ["pages", "stream"])
def test_a_follower_misses_nothing_and_repeats_nothing(
    way: Way,
    restarted: EmbeddedServer,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
) -> None:
    api, worker = stack.start_api(), stack.start_worker()
    follower = Follower(stack.port, way)
    follower.start()
    with load(stack.port, journal, clients=2, pause_seconds=0.01) as running:
        _goes_on(running, follower)
        worker.kill()
        stack.start_worker()
        _goes_on(running, follower)
        api.kill()
        stack.start_api()
        _goes_on(running, follower)
        crash(restarted)
        restarted.start()
        _goes_on(running, follower)
        assert stack.start_command("rebuild", "core").wait() == 0
        _goes_on(running, follower)
    sound()
    stored = _stored(stack.dsn)
    until(lambda: len(follower.seen) >= len(stored), deadline_seconds=60, message="it misses events")
    follower.stop()
    assert follower.interruptions > 0
    # Sorting by partition keeps the order of arrival within each.
    assert sorted(follower.seen, key=_partition) == stored


def _partition(place: tuple[int, int]) -> int:
    return place[0]


def _goes_on(running: Load, follower: Follower) -> None:
    """Wait until more was acknowledged, and until the follower has seen more."""
    acknowledged, seen = running.journal.acknowledged, len(follower.seen)
    until(lambda: running.journal.acknowledged > acknowledged + 60, deadline_seconds=60)
    until(lambda: len(follower.seen) > seen + 20, deadline_seconds=60, message="the follower stands still")


def _stored(dsn: str) -> list[tuple[int, int]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT partition, position FROM events ORDER BY 1, 2").fetchall()
    return [(row[0], row[1]) for row in rows]
