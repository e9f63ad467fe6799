"""PostgreSQL killed, restarted, out of connections: an answer at once, and all is well by itself after."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.client import load
from tests.faults.journal import Journal
from tests.faults.servers import crash, kill_backend
from tests.faults.stack import Stack
from tests.support.waiting import until

ACKNOWLEDGED_AGAIN_SECONDS_MAX = 5.0


@pytest.fixture
def restarted(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Leave a running server behind, whatever a test did to it."""
    yield server
    server.start()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_acknowledgements_come_again_after_the_postmaster_was_ended(
    number: signal.Signals,
    restarted: EmbeddedServer,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 50)
        crash(restarted, number)
        until(lambda: "database_unavailable" in running.codes, message="clients are not told")
        restarted.start()
        back, before = time.monotonic(), running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before, deadline_seconds=20)
        assert time.monotonic() - back < ACKNOWLEDGED_AGAIN_SECONDS_MAX
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    sound()


@pytest.mark.parametrize("name", ["eventlog append", "eventlog worker"])
def test_a_killed_backend_takes_all_sessions_with_it_and_they_come_back(
    name: str, restarted: EmbeddedServer, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 50)
        assert kill_backend(stack.dsn, name)
        killed, before = time.monotonic(), running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before + 50, deadline_seconds=20)
        assert time.monotonic() - killed < ACKNOWLEDGED_AGAIN_SECONDS_MAX + 5
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    sound()


def test_with_no_connection_left_publishers_are_told_to_come_again(
    restarted: EmbeddedServer,
    superuser_dsn: str,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 20)
        with ExitStack() as taken, psycopg.connect(superuser_dsn, autocommit=True) as superuser:
            _take_all(stack.dsn, taken)

            def told() -> bool:
                # A writer whose session ends takes another at once, and may be faster than we are.
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'eventlog append' AND datname = current_database()"
                )
                _take_all(stack.dsn, taken)
                return "database_unavailable" in running.codes

            until(told, message="clients are not told")
        before = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before + 20, deadline_seconds=10)
    sound()


def _acknowledged(journal: Journal, wanted: int) -> bool:
    return journal.acknowledged >= wanted


def _take_all(dsn: str, taken: ExitStack) -> None:
    """Open sessions until the server has none left to give."""
    with suppress(psycopg.OperationalError):
        while True:
            taken.enter_context(psycopg.connect(dsn))


def test_what_was_acknowledged_survives_a_crash_of_the_server(
    restarted: EmbeddedServer, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    """A killed postmaster takes the WAL that was not yet written with it, so this needs no power cut."""
    api = stack.start_api()
    with load(stack.port, journal, clients=2, batch_max=3) as running:
        for _ in range(5):
            wanted = running.journal.acknowledged + 60
            until(partial(_acknowledged, running.journal, wanted), deadline_seconds=20)
            crash(restarted)
            restarted.start()
    assert api.returncode is None
    stack.start_worker()
    sound()
