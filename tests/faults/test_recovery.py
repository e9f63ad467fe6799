"""It goes on by itself, and soon, after the loss of PostgreSQL or of a worker.

Of a worker that stands still, too: tests/faults/test_stopped.py.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.recovery import PROMISED, after_a_kill_of_postgres, after_a_loss_of_a_worker
from tests.faults.stack import Stack

Tell = Callable[[str, object], None]
# A machine that runs four tests at a time is slower than what is promised; recovery.py measures that.
LOADED_SECONDS = 3.0


@pytest.fixture
def restarted(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Leave a running server behind."""
    yield server
    server.start()


def test_acknowledgements_come_again_within_seconds_of_a_kill_of_postgres(
    restarted: EmbeddedServer,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
    record_property: Tell,
) -> None:
    seconds = after_a_kill_of_postgres(restarted, stack, journal)
    record_property("seconds", seconds)
    assert seconds < PROMISED["postgres_killed"] + LOADED_SECONDS
    sound()


def test_another_worker_takes_over_a_partition_within_a_second_of_a_kill(
    stack: Stack, journal: Path, sound: Callable[[], None], record_property: Tell
) -> None:
    seconds = after_a_loss_of_a_worker(stack, journal, signal.SIGKILL)
    record_property("seconds", seconds)
    assert seconds < PROMISED["worker_killed"] + LOADED_SECONDS
    sound()
