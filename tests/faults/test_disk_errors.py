"""A disk that fails, or crawls: an error is one, and what was acknowledged is there."""

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.amcheck import damage
from tests.faults.client import Load, load
from tests.faults.journal import read_journal
from tests.faults.servers import crash
from tests.faults.stack import Stack
from tests.faults.strace import injected, why_not
from tests.support.postgres import create_migrated_template, short_directory
from tests.support.sessions import scalar
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(why_not() != "", reason=why_not())

# All that makes a commit durable is as in production; small, since it is started for this file.
OPTIONS = {"shared_buffers": "64MB", "max_connections": "100"}
ACKNOWLEDGED_AGAIN_SECONDS_MAX = 10.0
FSYNC_SECONDS = 0.2
LARGEST = "SELECT partition FROM inbox GROUP BY partition ORDER BY count(*) DESC LIMIT 1"


@pytest.fixture(scope="module")
def server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with short_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=OPTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def template(server: EmbeddedServer) -> str:
    return create_migrated_template(server)


@pytest.fixture
def session(superuser_dsn: str) -> Callable[[str], int]:
    """Return a function that finds the server process of a session of ours."""

    def find(name: str) -> int:
        with psycopg.connect(superuser_dsn, autocommit=True) as connection:
            found = scalar(
                connection,
                "SELECT pid FROM pg_stat_activity"
                " WHERE application_name = %s AND datname = current_database() LIMIT 1",
                name,
            )
        assert isinstance(found, int), f"no session {name}"
        return found

    return find


def test_a_failed_fsync_of_the_wal_is_a_crash_that_loses_nothing_acknowledged(
    server: EmbeddedServer,
    stack: Stack,
    session: Callable[[str], int],
    journal: Path,
    sound: Callable[[], None],
    superuser_dsn: str,
    bindir: Path | None,
) -> None:
    """PostgreSQL must not go on after it: the kernel may have dropped what was not written."""
    stack.start_worker()
    stack.start_api()
    said_before = server.directory.log.stat().st_size
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 50)
        appender = session("eventlog append")
        with injected([appender], "fdatasync,fsync:error=EIO:when=3+"):
            until(lambda: not psutil.pid_exists(appender), deadline_seconds=20)
        before = running.journal.acknowledged
        until(
            lambda: running.journal.acknowledged > before + 50,
            deadline_seconds=ACKNOWLEDGED_AGAIN_SECONDS_MAX,
            message="nothing is acknowledged any more",
        )
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    assert "could not fdatasync" in server.directory.log.read_text()[said_before:]
    sound()
    assert damage(superuser_dsn, bindir) == []


def test_a_slow_disk_makes_publishers_wait_together_and_nothing_else(
    server: EmbeddedServer,
    stack: Stack,
    session: Callable[[str], int],
    journal: Path,
    sound: Callable[[], None],
) -> None:
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal, clients=6, timeout_seconds=20) as running:
        until(lambda: running.journal.acknowledged > 50)
        slow = f"fdatasync,fsync:delay_exit={round(FSYNC_SECONDS * 1e6)}"
        with injected([session("eventlog append"), *_processes(server, "walwriter")], slow):
            began, told = time.time(), _told(running)
            until(lambda: _told(running) >= told + 30, deadline_seconds=60)
            seconds = time.time() - began
        assert running.codes <= {"queue_full"}
    # Requests that arrive during one flush share the next.
    assert seconds < 30 * FSYNC_SECONDS
    waited = [each.ended - each.started for each in read_journal(journal) if each.ended is not None]
    assert FSYNC_SECONDS < max(waited) < 20 * FSYNC_SECONDS
    sound()


def test_pages_that_cannot_be_read_are_an_error_until_they_can(
    server: EmbeddedServer, stack: Stack, journal: Path, sound: Callable[[], None], database: str
) -> None:
    """The error is the disk's, not the content's: nothing may go into quarantine."""
    stack.start_api()
    with load(stack.port, journal, clients=3, batches=20) as running:
        running.join()
    with psycopg.connect(database, autocommit=True) as connection:
        partition = scalar(connection, LARGEST)
        table = scalar(connection, "SELECT pg_relation_filepath(%s::text::regclass)", f"inbox_{partition}")
    # Cold, so that the log is read from the disk again.
    crash(server, signal.SIGINT)
    server.start()
    unreadable = server.directory.cluster / str(table)
    # Sessions are forks of the postmaster yet to come; since 18, other processes may read for them.
    readers = [server.pid, *_processes(server, "io worker")]
    with injected(readers, "pread64,preadv,preadv2:error=EIO", path=unreadable):
        worker = stack.start_worker(batch_size=1000)
        until(
            lambda: worker.log.exists() and "Input/output error" in worker.log.read_text(),
            deadline_seconds=20,
        )
        told = until(
            lambda: _told_of_the_error(stack.port, f"/deliveries/{partition}:1"), deadline_seconds=20
        )
        assert told == (503, "database_unavailable")
    assert worker.returncode is None
    sound()


def _told_of_the_error(port: int, path: str) -> tuple[int, str] | None:
    """Return status and code of an answer that is about it: before, the API connects again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        document = json.loads(answer.read())
    finally:
        connection.close()
    return (answer.status, document["code"]) if "Input/output error" in str(document) else None


def _told(running: Load) -> int:
    return sum(outcome == "ok" for client in running.clients for outcome, *_ in client.outcomes)


def _processes(server: EmbeddedServer, kind: str) -> Iterator[int]:
    """Yield the processes of this kind of a server."""
    for child in psutil.Process(server.pid).children():
        with suppress(psutil.NoSuchProcess):  # sessions end meanwhile
            if kind in " ".join(child.cmdline()):
                yield child.pid
