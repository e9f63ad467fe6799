"""Rebuilds and verifications that were asked for over HTTP, each in a thread of this process.

What they do and how far they are is in the database, so every API process answers for them. They end
with this process: a clean stop cancels them, and one that was killed is seen to have failed.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from api.errors import Problem
from eventlog.sessions.database import connect, translated_errors
from eventlog.settings import Settings
from eventlog.statements import statement
from projections.custom.discovery import discover
from projections.errors import OperationCancelled, OperationRefused, ProjectionUnknown
from projections.install import outdated
from projections.operations import Progress
from projections.projection import Projection
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify

log = structlog.get_logger()

# Each has sessions of its own, and may start a process. Of one projection there is one at a time anyhow.
AT_ONCE_MAX = 4


def _busy() -> Problem:
    return Problem(
        "operations_busy",
        f"{AT_ONCE_MAX} operations are under way in this process already",
    )


class Run(Protocol):
    """An operation that only waits to be called."""

    def __call__(self, *, id: UUID, cancelled: threading.Event, watch: Callable[[Progress], None]) -> object:
        """Do it, tell of the progress, and end when it is cancelled."""


class Operations:
    """The operations of one API process. Its methods block."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self.dsn = dsn
        self._cancelled = threading.Event()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()
        self.projections: tuple[Projection, ...] = discover(settings.projections).projections

    def rebuild(self, name: str, options: Options, by: str | None = None) -> UUID:
        """Begin to rebuild a projection, for who asked. Raises OperationRefused, ProjectionUnknown."""
        projection = self._projection(name)
        return self._start(
            lambda id, cancelled, watch: rebuild(
                self.dsn, projection, options, id=id, cancelled=cancelled, watch=watch, by=by
            )
        )

    def verify(self, name: str, by: str | None = None) -> UUID:
        """Begin to verify one. Raises OperationRefused, ProjectionUnknown, ProjectionDropped."""
        projection = self._projection(name)
        return self._start(
            lambda id, cancelled, watch: verify(
                self.dsn, projection, id=id, cancelled=cancelled, watch=watch, by=by
            )
        )

    def renew(self) -> None:
        """Begin to rebuild what another version of this code projected, unless somebody has begun."""
        for name in outdated(self.dsn):
            log.warning("projection_outdated", projection=name, action="rebuild")
            with suppress(OperationRefused):
                self.rebuild(name, Options())

    def cancel(self, id: UUID) -> None:
        """Have an operation end, whichever process it is of."""
        with connect(self.dsn, "owner", "cancel") as connection, translated_errors():
            connection.execute(statement("api/cancel_operation"), {"id": id})

    def close(self) -> None:
        """Cancel all and wait for their ends."""
        self._cancelled.set()
        for thread in self._threads:
            thread.join()

    def _projection(self, name: str) -> Projection:
        for projection in self.projections:
            if projection.name == name:
                return projection
        raise ProjectionUnknown(name)

    def _start(self, run: Run) -> UUID:
        """Return once the operation has begun; raise what kept it from that."""
        id = uuid4()
        begun = threading.Event()
        refusals: list[Exception] = []

        def begin(progress: Progress) -> None:
            begun.set()

        def work() -> None:
            try:
                run(id=id, cancelled=self._cancelled, watch=begin)
            except Exception as error:
                if not begun.is_set():
                    refusals.append(error)
                elif not isinstance(error, OperationCancelled):
                    log.exception("operation_failed", operation=str(id))
            finally:
                begun.set()

        thread = threading.Thread(target=work, name=f"eventlog-operation-{id}")
        with self._starting:
            self._threads = [each for each in self._threads if each.is_alive()]
            if len(self._threads) >= AT_ONCE_MAX:
                raise _busy()
            self._threads.append(thread)
            thread.start()
        begun.wait()
        if refusals:
            raise refusals[0]
        return id
