"""Streams whose API dies or is stopped: I7, what a reader with resume has seen is all there is, once."""

import json
import signal
import time
from pathlib import Path

import psycopg

from tests.faults.client import load
from tests.faults.stack import Stack
from tests.support.projecting import lag
from tests.support.streaming import Follower, Stream, assert_complete, places_in_log
from tests.support.waiting import until

# What requests under way are given; streams are not waited for.
SHUTDOWN_SECONDS = 20.0


def test_a_reader_misses_and_repeats_nothing_when_the_api_is_killed(stack: Stack, journal: Path) -> None:
    stack.start_worker()
    api = stack.start_api()
    followers = [Follower(f"http://127.0.0.1:{stack.port}", query) for query in ("?from=start", "")]
    until(lambda: all(follower.opened.is_set() for follower in followers))
    for _ in range(3):
        with load(stack.port, journal, clients=2) as running:
            before = running.journal.acknowledged
            until(lambda before=before: running.journal.acknowledged > before + 100)  # type: ignore[misc]
            api.kill()
            api = stack.start_api()
    stack.drain()
    for follower in followers:
        assert_complete(follower, stack.dsn)
        assert follower.connections > 3
        follower.close()


def test_sigterm_does_not_wait_for_streams(stack: Stack, journal: Path) -> None:
    stack.start_worker()
    api = stack.start_api()
    url = f"http://127.0.0.1:{stack.port}"
    streams = [Stream(url).open() for _ in range(20)]
    stalled = Stream(url, receive_bytes=4096).open()
    with load(stack.port, journal, clients=2, batches=20) as running:
        running.join()
    began = time.monotonic()
    api.signal(signal.SIGTERM)
    assert api.wait(15) == 0
    assert time.monotonic() - began < SHUTDOWN_SECONDS / 2
    for stream in streams:
        while stream.take() is not None:
            pass
        assert stream.complete
        stream.close()
    stalled.close()


def test_tail_shows_each_event_once_over_an_api_that_is_killed(
    stack: Stack, journal: Path, tmp_path: Path
) -> None:
    stack.start_worker()
    api = stack.start_api()
    url = f"http://127.0.0.1:{stack.port}"
    with load(stack.port, journal, clients=1, batches=3) as running:
        running.join()
    stack.drain()
    tail = stack.start_command("tail", "-f", "-n", "1000", "--json", "--url", url)

    def lines() -> list[dict[str, object]]:
        if not tail.log.exists():
            return []
        *whole, _ = tail.log.read_bytes().split(b"\n")
        return [json.loads(line) for line in whole if line.startswith(b"{")]

    until(lambda: len(lines()) > 0, deadline_seconds=30)
    for _ in range(2):
        with load(stack.port, journal, clients=2) as running:
            before = running.journal.acknowledged
            until(
                lambda before=before: running.journal.acknowledged > before + 100,  # type: ignore[misc]
                deadline_seconds=60,
            )
            api.kill()
            api = stack.start_api()
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        until(lambda: lag(connection) == 0, deadline_seconds=60)
    expected = {(partition, at) for partition, all_ in places_in_log(stack.dsn).items() for at in all_}
    until(lambda: len(lines()) >= len(expected), deadline_seconds=60)
    shown = [(row["partition"], row["position"]) for row in lines()]
    assert len(shown) == len(expected)
    assert set(shown) == expected
    assert b"trying again" in tail.log.read_bytes()
    tail.signal(signal.SIGINT)
    assert tail.wait() == 130
