"""A rebuild that is killed leaves the live version whole, and the next one goes on or starts over."""

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.failpoints import POINTS
from projections.errors import OperationLost
from projections.operations import fence, operation
from projections.projection import CORE
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.support.contents import content_of_live
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

# Whether the session of a running operation is gone.
ORPHANED = """
SELECT count(*) FROM operations AS o
WHERE state = 'running' AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = o.backend_pid)
"""
REBUILD_POINTS = [name for name in POINTS if name.startswith("rb.")]


def rebuild_process(dsn: str, failpoints: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "eventlog", "rebuild", "core"],
        env={"EVENTLOG_DSN": dsn, "EVENTLOG_FAILPOINTS": failpoints, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def assert_whole(dsn: str, connection: Connection, content: object) -> None:
    """What is live is what was, and one more rebuild clears up all that is left."""
    assert content_of_live(dsn, CORE) == content
    assert verify(dsn, CORE).differing == []
    assert rebuild(dsn, CORE).kept == []
    assert content_of_live(dsn, CORE) == content
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'core\\_%'"
    assert scalar(connection, schemas) == 1
    versions = "SELECT array_agg(DISTINCT version) FROM claims WHERE projection = 'core'"
    assert scalar(connection, versions) == [
        scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'")
    ]


@pytest.mark.parametrize("point", REBUILD_POINTS)
def test_killed_at_any_point_the_next_one_finishes(database: str, connection: Connection, point: str) -> None:
    before = content_of_live(database, CORE)
    killed = rebuild_process(database, f"{point}:kill")
    output, _ = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, output
    assert_whole(database, connection, before)


@pytest.mark.parametrize("point", ["rb.created", "rb.copied", "rb.keyed", "rb.caughtup", "rb.before_swap"])
def test_the_next_one_goes_on_where_it_was(database: str, connection: Connection, point: str) -> None:
    rebuild_process(database, f"{point}:kill").communicate(timeout=60)
    outcome = rebuild(database, CORE)
    assert (outcome.resumed, outcome.version) == (True, 2)
    assert verify(database, CORE).differing == []


def test_what_other_code_has_begun_is_started_over(database: str, connection: Connection) -> None:
    rebuild_process(database, "rb.keyed:kill").communicate(timeout=60)
    connection.execute("UPDATE projection_versions SET definition = 'another' WHERE version = 2")
    outcome = rebuild(database, CORE)
    assert (outcome.resumed, outcome.version) == (False, 3)
    assert scalar(connection, "SELECT to_regnamespace('core_2')") is None


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_again_and_again(database: str, connection: Connection, seed: int) -> None:
    chance = random.Random(seed)
    before = content_of_live(database, CORE)
    for _ in range(4):
        process = rebuild_process(database)
        deadline = time.monotonic() + chance.uniform(0.3, 1.5)
        while process.poll() is None and time.monotonic() < deadline:
            assert content_of_live(database, CORE) == before
        process.kill()
        process.communicate(timeout=60)
    assert_whole(database, connection, before)


def test_interrupted_it_removes_what_it_has_made(database: str, connection: Connection) -> None:
    process = rebuild_process(database, "rb.copied:sleep(1.5)")
    while process.poll() is None and scalar(connection, "SELECT to_regnamespace('core_2')") is None:
        pass
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert scalar(connection, "SELECT to_regnamespace('core_2')") is None
    assert scalar(connection, "SELECT state FROM operations ORDER BY started_at DESC LIMIT 1") == "cancelled"


def test_one_whose_session_was_cut_does_not_touch_what_its_successor_makes(
    database: str, connection: Connection
) -> None:
    before = content_of_live(database, CORE)
    cut = rebuild_process(database, "rb.copied:sleep(3)")
    until(lambda: scalar(connection, "SELECT count(*) FROM steps WHERE version = 2"), deadline_seconds=20)
    connection.execute("SELECT pg_terminate_backend(backend_pid) FROM operations WHERE state = 'running'")
    until(lambda: scalar(connection, ORPHANED))
    outcome = rebuild(database, CORE)
    assert (outcome.resumed, outcome.version) == (True, 2)
    output, _ = cut.communicate(timeout=60)
    assert cut.returncode in (1, 4), output
    assert_whole(database, connection, before)


def test_whoever_has_lost_its_operation_begins_no_transaction_any_more(
    database: str, connection: Connection
) -> None:
    with suppress(psycopg.OperationalError), operation(database, "rebuild", "core") as lost:
        connection.execute("SELECT pg_terminate_backend(backend_pid) FROM operations WHERE state = 'running'")
        until(lambda: scalar(connection, ORPHANED))
        with operation(database, "rebuild", "core"), connection.transaction(), pytest.raises(OperationLost):
            fence(connection, lost.id)
