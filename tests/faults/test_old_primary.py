"""An old primary comes back after another one took its place: fenced, it is never written to.

The service's DSN names both, the old one first. PostgreSQL tells a client who can be written to, and
not who should be: two that can are for whoever fails over to prevent (docs/faults.md).
"""

import http.client
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from eventlog.embedded import EmbeddedServer
from tests.faults.checker import log_hash
from tests.faults.client import Load, load
from tests.faults.stack import Stack
from tests.faults.standby import (
    OPTIONS,
    ask,
    await_streaming,
    follow,
    power_off,
    promote,
    rewind,
    set_for_all,
)
from tests.faults.standby import database as database
from tests.faults.standby import server as server
from tests.faults.standby import standby as standby
from tests.support.sessions import terminate
from tests.support.waiting import until

KINDS = ("append", "worker", "read", "stream")
READ_ONLY = "default_transaction_read_only"
BEHIND = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn < pg_current_wal_lsn()"


def goes_on(stack: Stack, running: Load) -> None:
    """Wait until more is acknowledged, and until it can be read."""
    before = running.journal.acknowledged
    until(lambda: running.journal.acknowledged > before + 100, deadline_seconds=20, message=stack.tails)
    there = running.journal.acknowledged
    until(lambda: received(stack.port) >= there, deadline_seconds=20, message=stack.tails)


def received(port: int) -> int:
    """Return how many deliveries the API says there are; 0 where it cannot read."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/stats")
        return int(json.loads(connection.getresponse().read()).get("received", 0))


def asked(port: int) -> int:
    """Return how many deliveries an answer in SQL says there are."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        body = json.dumps({"sql": "SELECT count(*) FROM deliveries"})
        connection.request("POST", "/sql", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    return int(answer["rows"][0][0])


def connect_anew(server: EmbeddedServer) -> None:
    """End all sessions of the service, so that it asks for both servers again."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as observer:
        assert sum(terminate(observer, f"eventlog {kind}") for kind in KINDS) >= 2


def test_an_old_primary_that_is_read_only_stays_as_it_was(
    server: EmbeddedServer,
    standby: EmbeddedServer,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
    bindir: Path | None,
) -> None:
    stack.start_worker()
    stack.start_api()
    set_for_all(server, "synchronous_standby_names", "*")
    with load(stack.port, journal) as running:
        goes_on(stack, running)
        power_off(server)
        promote(standby)
        goes_on(stack, running)
        fence = OPTIONS | {READ_ONLY: "on"}
        with EmbeddedServer(server.directory.path, bindir=bindir, options=fence) as old:
            held = log_hash(old.dsn)
            connect_anew(standby)
            goes_on(stack, running)
            assert held.changed_in(old.dsn) == []
            assert log_hash(old.dsn) == held
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    sound()


def test_an_old_primary_follows_the_new_one_after_pg_rewind(
    server: EmbeddedServer,
    standby: EmbeddedServer,
    stack: Stack,
    journal: Path,
    sound: Callable[[], None],
    bindir: Path | None,
) -> None:
    stack.start_worker()
    stack.start_api()
    set_for_all(server, "synchronous_standby_names", "*")
    # pg_rewind reads the WAL from where the two were last the same.
    set_for_all(server, "wal_keep_size", "64MB")
    with psycopg.connect(server.superuser_dsn) as superuser:
        # As where a superuser migrates: an auditor's session looks like one at a read-only server.
        superuser.execute("ALTER ROLE eventlog_auditor SET default_transaction_read_only = on")
    with load(stack.port, journal) as running:
        goes_on(stack, running)
        power_off(server)
        promote(standby)
        goes_on(stack, running)
        rewind(server, standby, bindir)
        options = follow(server.directory.path, standby)
        with EmbeddedServer(server.directory.path, bindir=bindir, options=options) as old:
            await_streaming(standby)
            connect_anew(standby)
            goes_on(stack, running)
            running.stop()
            assert asked(stack.port) >= running.journal.acknowledged
            sound()
            until(lambda: log_hash(old.dsn) == log_hash(standby.dsn))
        assert running.codes <= {"database_unavailable", "outcome_unknown"}


def test_a_primary_that_turns_read_only_under_the_service_is_left_for_the_one_that_is_promoted(
    server: EmbeddedServer, standby: EmbeddedServer, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    """So is a switch planned: nothing is lost, with an asynchronous standby, too."""
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        goes_on(stack, running)
        told = len(running.codes)
        set_for_all(server, READ_ONLY, "on")
        until(lambda: len(running.codes) > told, message="publishers are not told")
        connect_anew(server)
        until(lambda: not ask(server, BEHIND))
        held = log_hash(server.dsn)
        promote(standby)
        goes_on(stack, running)
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    assert log_hash(server.dsn) == held
    sound()
