"""A commit whose answer is lost: the client hears so, publishes again, and it counts once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.checker import violations
from tests.faults.client import load
from tests.faults.proxy import Proxy
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.waiting import until

# Idle for 10 s, then three probes 5 s apart; and what a loaded machine adds.
KEPT_ALIVE_SECONDS_MAX = 35.0


@pytest.fixture
def proxy(server: EmbeddedServer) -> Iterator[Proxy]:
    with Proxy(server.postmaster.socket_dir / f".s.PGSQL.{server.postmaster.port}") as opened:
        yield opened


@pytest.fixture
def stack(
    spawner: Spawner, proxy: Proxy, database: str, database_name: str, tmp_path: Path
) -> Iterator[Stack]:
    """Have the API and the workers reach the database through the proxy, and the test directly."""
    through = proxy.dsn(database_name)
    with Stack(spawner, database, tmp_path, api_dsn=through, worker_dsn=through) as opened:
        yield opened


@pytest.mark.parametrize("verb", ["cut_before_commit", "cut_after_commit"])
def test_an_append_cut_at_its_commit_is_outcome_unknown_and_a_retry_counts_once(
    verb: str, proxy: Proxy, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=2) as running:
        until(lambda: running.journal.acknowledged > 20)
        proxy.inject(verb, application="eventlog append", times=3)
        until(lambda: proxy.struck >= 3 and proxy.fault is None, deadline_seconds=30)
        after = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > after + 20, deadline_seconds=15)
    sound()
    assert "outcome_unknown" in running.codes


@pytest.mark.parametrize("verb", ["cut_before_commit", "cut_after_commit"])
def test_a_step_cut_at_its_commit_counts_once(
    verb: str, proxy: Proxy, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=2, pause_seconds=0.01) as running:
        until(lambda: running.journal.acknowledged > 20)
        proxy.inject(verb, application="eventlog worker", times=3)
        until(lambda: proxy.struck >= 3 and proxy.fault is None, deadline_seconds=30)
    sound()


@pytest.mark.parametrize("verb", ["rst", "dribble", "delay"])
def test_a_bad_link_is_survived(
    verb: str, proxy: Proxy, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=2, batch_max=3, pause_seconds=0.02) as running:
        until(lambda: running.journal.acknowledged > 20)
        proxy.inject(verb, seconds=0.05, times=10)
        until(lambda: proxy.fault is None, deadline_seconds=30)
        proxy.heal()
        after = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > after + 20, deadline_seconds=15)
    sound()


def test_a_checker_that_is_given_a_false_acknowledgement_says_so(
    stack: Stack, journal: Path, database: str
) -> None:
    """The control: were rows lost after the answer, this is what would be seen."""
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=1, batches=3) as running:
        running.join()
    stack.drain()
    assert violations([journal], database) == []
    text = journal.read_text().replace('"event_id":"1-0-1"', '"event_id":"never-sent"')
    journal.write_text(text)
    found = {one.partition(":")[0] for one in violations([journal], database)}
    assert {"I1_acknowledged_is_stored", "I2_nothing_from_nowhere"} <= found


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="taking a connection away without a packet needs root")
def test_a_database_that_vanished_without_a_packet_is_noticed(
    proxy: Proxy, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=2, timeout_seconds=60) as running:
        until(lambda: running.journal.acknowledged > 20)
        proxy.inject("vanish", application="eventlog append", times=1)
        until(lambda: proxy.struck == 1)
        after = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > after + 20, deadline_seconds=KEPT_ALIVE_SECONDS_MAX)
        assert running.codes <= {"outcome_unknown", "database_unavailable"}
    sound()
