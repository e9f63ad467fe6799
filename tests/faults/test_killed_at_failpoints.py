"""A kill -9 at every failpoint: nothing acknowledged is lost, nothing counts twice."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from eventlog.failpoints import POINTS
from tests.faults.client import load
from tests.faults.journal import Journal
from tests.faults.outbox_client import publish_through_outbox
from tests.faults.stack import Stack
from tests.support.waiting import until

API_POINTS = [name for name in POINTS if name.startswith("api.")]
WORKER_POINTS = [name for name in POINTS if name.startswith("proj.")]
OUTBOX_POINTS = [name for name in POINTS if name.startswith("outbox.")]


@pytest.mark.parametrize("point", API_POINTS)
def test_an_api_killed_there_loses_nothing_that_it_acknowledged(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    api = stack.start_api(f"{point}:kill:15")
    with load(stack.port, journal) as running:
        assert api.wait() == -9
        stack.start_api()
        before = running.journal.acknowledged
        _until_acknowledged(running.journal, before + 50)
    sound()


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_a_worker_killed_there_counts_nothing_twice(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_api()
    worker = stack.start_worker(f"{point}:kill:5", batch_size=20)
    with load(stack.port, journal, pause_seconds=0.01) as running:
        assert worker.wait() == -9
        stack.start_worker()
        _until_acknowledged(running.journal, running.journal.acknowledged + 50)
    sound()


@pytest.mark.parametrize("point", OUTBOX_POINTS)
def test_a_mover_killed_there_moves_each_event_once(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    api = stack.start_api(f"{point}:kill:3")
    publish_through_outbox(stack.dsn, journal, until_true=lambda: api.returncode is not None)
    assert api.wait() == -9
    stack.start_api()
    sound()
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute("SELECT count(*) FROM inbox").fetchone()
        assert row is not None
        assert row[0] > 0


def _until_acknowledged(journal: Journal, count: int) -> None:
    until(
        lambda: journal.acknowledged >= count, deadline_seconds=30, message="nothing is acknowledged any more"
    )
