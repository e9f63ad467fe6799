"""Clocks that are a day off and jump: the order is that of positions, and no time of receipt decides."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from projections.projection import CORE
from projections.verify import verify
from tests.faults.checker import violations
from tests.faults.client import Load, load
from tests.faults.clocks import WHY_NOT, Clock, postgres_at
from tests.faults.follower import Follower, Way
from tests.faults.servers import crash
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.postgres import FAST, PARTITIONS, quick_directory
from tests.support.sessions import scalar
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(WHY_NOT != "", reason=WHY_NOT)

# What the times say, and they may.
WENT_BACK = "was received before its predecessor"
WAYS: tuple[Way, ...] = ("pages", "stream")
STORED = "SELECT partition, position FROM events ORDER BY 1, 2"
A_DAY_BACK = """
SELECT count(*) FROM inbox AS later JOIN inbox AS earlier USING (partition)
WHERE later.position = earlier.position + 1 AND later.received_at < earlier.received_at - interval '23 hours'
"""


@pytest.fixture
def restarted(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Leave a running server behind."""
    yield server
    server.start()


def goes_on(running: Load) -> None:
    before = running.journal.acknowledged
    until(lambda: running.journal.acknowledged > before + 100, deadline_seconds=20)


def following(port: int) -> list[Follower]:
    """Start to follow the log from its beginning, in both ways."""
    followers = [Follower(port, way) for way in WAYS]
    for follower in followers:
        follower.start()
    return followers


def saw_each_event_once_and_in_order(follower: Follower, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        stored = connection.execute(STORED).fetchall()
    until(
        lambda: len(follower.seen) >= len(stored), deadline_seconds=20, message=f"{follower.name} misses some"
    )
    follower.stop()
    # Sorting by partition keeps the order of arrival within each.
    assert sorted(follower.seen, key=lambda place: place[0]) == stored


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of all processes that the test starts."""
    made = Clock(tmp_path / "clock")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def spawner(clock: Clock) -> Iterator[Spawner]:
    """Run a spawner by that clock: it forks, and a library is preloaded by programs that are executed."""
    opened = Spawner()
    yield opened
    opened.close()


def uptime(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/stats")
        return int(json.loads(connection.getresponse().read())["uptime_seconds"])


def test_the_clock_of_api_and_worker_jumps_while_they_work_and_while_they_wait(
    restarted: EmbeddedServer, clock: Clock, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    followers = following(stack.port)
    with load(stack.port, journal) as running:
        goes_on(running)
        for offset in ("+1d", "-1d"):
            clock.turn(offset)
            goes_on(running)
        clock.turn("+1d")
        assert uptime(stack.port) > 80_000, "the clock did not jump"
        crash(restarted)
        until(lambda: "database_unavailable" in running.codes)
        # Whoever waits by this clock to try again now waits for two days.
        clock.turn("-1d")
        restarted.start()
        goes_on(running)
    sound()
    for follower in followers:
        saw_each_event_once_and_in_order(follower, stack.dsn)


@contextmanager
def postgres_in(time: str, data_dir: Path, bindir: Path | None) -> Iterator[EmbeddedServer]:
    with quick_directory() as programs:
        wrong = postgres_at(time, programs / "bin", data_dir / "cluster", bindir)
        with EmbeddedServer(data_dir, bindir=wrong, options=FAST) as running:
            yield running


def test_the_clock_of_postgres_goes_back_two_days_between_deliveries_that_are_projected_together(
    spawner: Spawner, journal: Path, tmp_path: Path, bindir: Path | None
) -> None:
    with ExitStack() as ends:
        data_dir = ends.enter_context(quick_directory())
        with postgres_in("+1d", data_dir, bindir) as server:
            set_up(server.dsn, PARTITIONS)
            stack = ends.enter_context(Stack(spawner, server.dsn, tmp_path))
            stack.start_api()
            worker = stack.start_worker()
            followers = following(stack.port)
            running = ends.enter_context(load(stack.port, journal))
            goes_on(running)
            worker.kill()
            goes_on(running)
        with postgres_in("-1d", data_dir, bindir):
            goes_on(running)
            running.stop()
            stack.start_worker(batch_size=10_000)
            stack.drain()
            assert [each for each in violations([journal], stack.dsn) if not each.endswith(WENT_BACK)] == []
            assert verify(stack.dsn, CORE).differing == []
            with psycopg.connect(stack.dsn) as connection:
                assert scalar(connection, A_DAY_BACK), "the clock did not go back"
            for follower in (*followers, *following(stack.port)):
                saw_each_event_once_and_in_order(follower, stack.dsn)
