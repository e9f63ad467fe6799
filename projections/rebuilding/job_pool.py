"""Work on several connections at a time, watched by the thread that waits for it."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

import psycopg

from eventlog.sessions.database import Connection, connect_operator
from eventlog.statements import statement

Job = Callable[[Connection], None]

WATCH_SECONDS = 0.25


class JobPool:
    """Does jobs in parallel; what one job raises ends all of them, and so does what `watch` raises."""

    def __init__(self, dsn: str, size: int, watch: Callable[[], None], name: str = "rebuild") -> None:
        self._name = name
        self._dsn = dsn
        self._size = size
        self._watch = watch
        self._connections: list[Connection] = []
        self.stopping = threading.Event()

    def do(self, jobs: Sequence[Job]) -> None:
        """Do all jobs, in this order; return when all are done."""
        todo = deque(jobs)
        with ThreadPoolExecutor(self._size, f"eventlog-{self._name}") as pool:
            futures = [pool.submit(self._work, todo) for _ in range(min(self._size, len(todo)))]
            try:
                while any(not future.done() for future in futures):
                    wait(futures, timeout=WATCH_SECONDS, return_when="FIRST_EXCEPTION")
                    _raise_first(futures)
                    self._watch()
                _raise_first(futures)
            except BaseException:
                self._end(futures)
                raise

    def _work(self, todo: deque[Job]) -> None:
        with connect_operator(self._dsn, self._name) as connection:
            connection.execute(statement("rebuild/session"))
            self._connections.append(connection)
            while not self.stopping.is_set():
                try:
                    job = todo.popleft()
                except IndexError:
                    return
                job(connection)

    def _end(self, futures: Sequence[Future[None]]) -> None:
        """Cancel what is under way, again until it has ended: a statement may begin in between."""
        self.stopping.set()
        while any(not future.done() for future in futures):
            for connection in self._connections:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=1.0)
            wait(futures, timeout=0.1)


def _raise_first(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        if future.done():
            future.result()
