"""Readers that poll all the time: what they see may grow and never fail, and how long they waited."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

COUNTS = "SELECT (SELECT count(*) FROM events), (SELECT sum(received) FROM stats)"
ANSWER_SECONDS_MAX = 30.0

Read = Callable[[], tuple[int, ...]]


class Poller(threading.Thread):
    """Reads all the time, and remembers the worst.

    `read` returns numbers of which none may ever fall; what it raises is a fault, and its end.
    """

    def __init__(self, name: str, read: Read) -> None:
        super().__init__(name=name, daemon=True)
        self._read = read
        self.stopping = threading.Event()
        self.reads = 0
        self.faults: list[str] = []
        self._slowest_seconds = 0.0

    def run(self) -> None:
        seen: tuple[int, ...] = ()
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                found = self._read()
            except Exception as error:
                self.faults.append(f"{self.name}: {error!r}")
                return
            finally:
                self._slowest_seconds = max(self._slowest_seconds, time.monotonic() - began)
            if any(now < before for now, before in zip(found, seen, strict=False)):
                self.faults.append(f"{self.name}: {found} after {seen}")
            seen, self.reads = found, self.reads + 1

    def lap(self) -> float:
        """Return the longest that a read took since the last lap, in seconds."""
        slowest, self._slowest_seconds = self._slowest_seconds, 0.0
        return slowest


@contextmanager
def polling(*pollers: Poller) -> Iterator[None]:
    """Run pollers; stop them at the end."""
    for poller in pollers:
        poller.start()
    try:
        yield
    finally:
        for poller in pollers:
            poller.stopping.set()
        for poller in pollers:
            poller.join()


@contextmanager
def sql_reader(dsn: str, *, repeatable: bool) -> Iterator[Read]:
    """Yield a read of the stable views, each in a transaction of its own.

    `repeatable`: with a snapshot that is older than the first look at a view.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        if repeatable:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

        def read() -> tuple[int, ...]:
            with connection.transaction():
                if repeatable:
                    connection.execute("SELECT count(*) FROM partitions")
                row = connection.execute(COUNTS).fetchone()
            assert row is not None
            return tuple(int(value or 0) for value in row)

        yield read


@contextmanager
def api_reader(port: int) -> Iterator[Read]:
    """Yield a read over HTTP: the counts, which must balance, and a page of events."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)

    def get(path: str) -> bytes:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{path}: {answer.status} {body[:300]!r}"
        return body

    def read() -> tuple[int, ...]:
        stats = json.loads(get("/stats"))
        assert stats["balanced"], stats
        events = json.loads(get("/events?limit=100"))
        return stats["unique_processed"], stats["received"], len(events)

    try:
        yield read
    finally:
        connection.close()
