"""A process that is stopped, not dead: it holds what it holds, and wakes up later believing it still does."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.client import load
from tests.faults.recovery import PROMISED
from tests.faults.stack import Stack, free_port
from tests.support.waiting import until

# What is promised, and what a machine adds that runs four tests at a time.
STOPPED_SECONDS_MAX = PROMISED["worker_stopped"] + 15.0


@pytest.mark.parametrize("point", ["api.locked", "api.copying"])
def test_others_publish_again_while_an_api_is_stopped_under_the_order_lock(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None], tmp_path: Path
) -> None:
    stack.start_worker()
    other = free_port()
    stopped = stack.start_api(f"{point}:stop:5")
    stack.await_ready(stack.launch_api(port=other), port=other)
    with load(stack.port, journal, clients=2, seed=1, timeout_seconds=40):
        until(stopped.is_stopped, deadline_seconds=20)
        began = time.monotonic()
        # Large batches touch every partition, so they need what the stopped one holds.
        with load(other, tmp_path / "other.jsonl", clients=2, seed=2, batch_max=60) as running:
            until(lambda: running.journal.acknowledged > 500, deadline_seconds=STOPPED_SECONDS_MAX)
            assert 4 < time.monotonic() - began < STOPPED_SECONDS_MAX
            stopped.signal(signal.SIGCONT)
    _join(journal, tmp_path / "other.jsonl")
    sound()


def test_stopped_workers_lose_their_claims_and_cannot_count_anything_when_they_go_on(
    stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_api()
    zombies = []
    with load(stack.port, journal, clients=2, pause_seconds=0.01):
        for point in ("proj.claimed", "proj.projected", "proj.done"):
            zombie = stack.start_worker(f"{point}:stop:2")
            until(zombie.is_stopped, deadline_seconds=20)
            zombies.append(zombie)
        stack.start_worker()
    # Within this time the claims of the stopped ones are free again, and all is projected.
    stack.drain(deadline_seconds=STOPPED_SECONDS_MAX)
    for zombie in zombies:
        zombie.signal(signal.SIGCONT)
    until(lambda: all("worker_disconnected" in zombie.log.read_text() for zombie in zombies))
    sound()


def _join(journal: Path, other: Path) -> None:
    journal.write_bytes(journal.read_bytes() + other.read_bytes())
