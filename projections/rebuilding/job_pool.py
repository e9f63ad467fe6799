"""Work on several connections at a time, watched by the thread that waits for it."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

import psycopg

from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement

Job = Callable[[Connection], None]

WATCH_SECONDS = 0.25


class Crew:
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
            crew = [pool.submit(self._work, todo) for _ in range(min(self._size, len(todo)))]
            try:
                while any(not member.done() for member in crew):
                    wait(crew, timeout=WATCH_SECONDS, return_when="FIRST_EXCEPTION")
                    _raise_first(crew)
                    self._watch()
                _raise_first(crew)
            except BaseException:
                self._end(crew)
                raise

    def _work(self, todo: deque[Job]) -> None:
        with connect(self._dsn, "owner", self._name) as connection:
            connection.execute(statement("rebuild/session"))
            self._connections.append(connection)
            while not self.stopping.is_set():
                try:
                    job = todo.popleft()
                except IndexError:
                    return
                job(connection)

    def _end(self, crew: Sequence[Future[None]]) -> None:
        """Cancel what is under way, again until it has ended: a statement may begin in between."""
        self.stopping.set()
        while any(not member.done() for member in crew):
            for connection in self._connections:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=1.0)
            wait(crew, timeout=0.1)


def _raise_first(crew: Sequence[Future[None]]) -> None:
    for member in crew:
        if member.done():
            member.result()
