"""A rebuild and a migrate at the same time: both do their work, and readers see neither of them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.projection import CORE
from projections.verify import verify
from tests.faults.client import load
from tests.faults.stack import Process, Stack
from tests.support.polling import Poller, api_reader, polling, sql_reader
from tests.support.sessions import scalar, waiting_for_locks
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

LIVE_VERSION = "SELECT live_version FROM projections WHERE name = 'core'"


@contextmanager
def live(stack: Stack, journal: Path) -> Iterator[None]:
    """Publish, project and read all the while; no read may fail, or find less than one before."""
    stack.start_worker()
    stack.start_api()
    with ExitStack() as ends:
        pollers = [
            Poller("api", ends.enter_context(api_reader(stack.port))),
            Poller("views", ends.enter_context(sql_reader(stack.dsn, repeatable=False))),
        ]
        running = ends.enter_context(load(stack.port, journal, clients=2, pause_seconds=0.02))
        until(lambda: running.journal.acknowledged > 200)
        with polling(*pollers):
            yield
        assert [fault for poller in pollers for fault in poller.faults] == []
        assert min(poller.reads for poller in pollers) > 0


def both_did_their_work(rebuild: Process, migrate: Process, connection: Connection) -> None:
    for process in (rebuild, migrate):
        assert process.wait() == 0, process.log.read_text()
    assert scalar(connection, LIVE_VERSION) == 2


@pytest.mark.parametrize("point", ["rb.created", "rb.copied", "rb.caughtup"])
def test_a_migrate_leaves_a_rebuild_that_is_half_way_what_it_has_made(
    point: str, stack: Stack, journal: Path, sound: Callable[[], None], connection: Connection
) -> None:
    with live(stack, journal):
        rebuild = stack.start_command("rebuild", "core", failpoints=f"{point}:stop")
        until(rebuild.is_stopped)
        migrate = stack.start_command("migrate")
        assert migrate.wait() == 0, migrate.log.read_text()
        rebuild.signal(signal.SIGCONT)
        both_did_their_work(rebuild, migrate, connection)
    sound()
    assert verify(stack.dsn, CORE).differing == []


def test_a_migrate_waits_for_the_switch_of_a_rebuild(
    stack: Stack, journal: Path, sound: Callable[[], None], connection: Connection
) -> None:
    with live(stack, journal):
        rebuild = stack.start_command("rebuild", "core", failpoints="rb.before_swap:stop")
        until(rebuild.is_stopped)
        migrate = stack.start_command("migrate")
        until(lambda: waiting_for_locks(connection, "eventlog migrate"))
        rebuild.signal(signal.SIGCONT)
        both_did_their_work(rebuild, migrate, connection)
    sound()
    assert verify(stack.dsn, CORE).differing == []


def test_the_switch_of_a_rebuild_waits_for_a_migrate(
    stack: Stack, journal: Path, sound: Callable[[], None], connection: Connection
) -> None:
    with live(stack, journal), psycopg.connect(stack.dsn) as gate:
        # What a migrate reads once it has begun: it waits in the middle.
        gate.execute("LOCK TABLE schema_migrations")
        migrate = stack.start_command("migrate")
        until(lambda: waiting_for_locks(connection, "eventlog migrate"))
        rebuild = stack.start_command("rebuild", "core")
        # Its first look, whether the schema fits, meets the same lock.
        until(lambda: waiting_for_locks(connection, "eventlog look"))
        assert scalar(connection, LIVE_VERSION) == 1
        gate.rollback()
        both_did_their_work(rebuild, migrate, connection)
    sound()
    assert verify(stack.dsn, CORE).differing == []
