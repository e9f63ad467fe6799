"""SIGTERM under load, and clients that go away at any byte."""

import http.client
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.faults.client import load, raw_event
from tests.faults.journal import read_journal
from tests.faults.stack import Stack, answers
from tests.support.command_line import COMMAND, only
from tests.support.sessions import scalar
from tests.support.waiting import until


def test_sigterm_under_load_answers_what_was_accepted_and_exits_cleanly(
    stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    worker = stack.start_worker()
    api = stack.start_api()
    with load(stack.port, journal, clients=4) as running:
        until(lambda: running.journal.acknowledged > 200)
        api.signal(signal.SIGTERM)
        assert api.wait(15) == 0
    # A kept-alive connection may close between two requests; but what was taken in was answered.
    assert _appended_and_never_answered(journal, stack.dsn) == set()
    worker.signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    stack.start_worker()
    stack.start_api()
    sound()


def _appended_and_never_answered(journal: Path, dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        stored = {str(row[0]) for row in connection.execute("SELECT DISTINCT request_id FROM inbox")}
    return stored - {one.request_id for one in read_journal(journal) if one.outcome == "ok"}


@pytest.mark.parametrize("part", ["in the request line", "in the headers", "in the body", "after the body"])
def test_a_client_that_goes_away_harms_nobody_else(
    part: str, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    body = raw_event("faults.gone", "gone", 1)
    head = (
        b"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"X-Request-Id: not-a-uuid\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    sent = {
        "in the request line": head[:9],
        "in the headers": head[: len(head) // 2],
        "in the body": head + body[: len(body) // 2],
        "after the body": head + body,
    }[part]
    stack.start_api()
    stack.start_worker()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", stack.port)) as gone:
            gone.sendall(sent)
    assert answers(stack.port)
    with load(stack.port, journal, clients=1, batches=3) as running:
        running.join()
        assert {outcome for client in running.clients for outcome, *_ in client.outcomes} == {"ok"}
    if part != "after the body":  # what was sent as a whole may be in the log, and no journal has it
        sound()


def test_a_reader_that_does_not_read_holds_up_nobody(
    stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    stack.start_worker()
    stack.start_api()
    with socket.create_connection(("127.0.0.1", stack.port)) as slow:
        # Requests without end, answers never read: its socket fills, and the API must stop reading it.
        slow.settimeout(0.5)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nX-Filler: %s\r\n\r\n" % (b"x" * 4000)
        with pytest.raises(TimeoutError):
            slow.sendall(request * 10_000)
        with load(stack.port, journal, clients=2, batches=10) as running:
            running.join()
            assert {outcome for client in running.clients for outcome, *_ in client.outcomes} == {"ok"}
    probe = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=5)
    probe.request("GET", "/livez")
    assert probe.getresponse().status == 200
    probe.close()
    sound()


@pytest.mark.parametrize("command", ["api", "up"])
def test_a_signal_that_comes_while_it_starts_is_not_lost(database: str, command: str) -> None:
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(database, autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(hashtextextended('eventlog.migrate', 0))")
        with subprocess.Popen(
            [*COMMAND, command],
            env=only(EVENTLOG_DSN=database, EVENTLOG_PORT="0", EVENTLOG_ALLOW_UNSAFE_SETTINGS="true"),
            stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                until(lambda: scalar(gate, waits), message="it does not prepare")
                process.send_signal(signal.SIGTERM)
                gate.execute("SELECT pg_advisory_unlock_all()")
                _, said = process.communicate(timeout=30)
            finally:
                process.kill()
    assert process.returncode == 0, said
    assert "listens" not in said
