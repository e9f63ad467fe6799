"""Operations: what is done to a projection as a whole, one at a time, seen and cancelled from anywhere.

The row in `operations` names the session that stays open as long as the operation works. Whether an
operation is under way is whether that session lives: no lease, no clock. Who begins one buries the
dead first, and waits for what they still had under way, since every transaction of an operation holds
its row FOR KEY SHARE (the fence).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.acts.actor import act_as
from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection, connect_operator, translated_errors
from eventlog.statements import statement
from projections.errors import OperationCancelled, OperationLost, OperationRefused, ProjectionUnknown

Kind = Literal["rebuild", "verify", "drop", "retry"]
OperationState = Literal["running", "done", "failed", "cancelled"]


class Progress(msgspec.Struct, frozen=True):
    """How far an operation is, in deliveries."""

    phase: str
    done: int
    total: int


class RunningOperation(msgspec.Struct, frozen=True):
    """An operation that may be under way."""

    id: UUID
    kind: str
    alive: bool


class OperationRecord(msgspec.Struct, frozen=True):
    """What is on record of an operation; `detail` is JSON text."""

    id: UUID
    kind: Kind
    projection: str
    state: OperationState
    phase: str
    done: int
    total: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    error: str | None
    detail: str
    elapsed_seconds: float


class Operation:
    """One operation under way. Its methods may be called from the thread that began it only."""

    def __init__(
        self,
        id: UUID,
        connection: Connection,
        cancelled: threading.Event,
        watch: Callable[[Progress], None],
    ) -> None:
        self.id = id
        self.cancelled = cancelled
        self.detail: dict[str, Any] = {}
        self._connection = connection
        self._watch = watch

    def report(self, phase: str, done: int, total: int) -> None:
        """Say how far it is.

        Raises OperationCancelled when somebody wants it to end, OperationLost as `fence`.
        """
        progress = Progress(phase, done, total)
        row = self._connection.execute(
            statement("operations/report"), {"id": self.id, **msgspec.structs.asdict(progress)}
        ).fetchone()
        self._watch(progress)
        if row is None:
            raise OperationLost
        (is_cancelled,) = row
        if is_cancelled:
            self.cancelled.set()
        if self.cancelled.is_set():
            raise OperationCancelled

    def finish(self, state: OperationState, error: str | None = None) -> None:
        """Record how it ended."""
        self._connection.execute(
            statement("operations/finish"),
            {
                "id": self.id,
                "state": state,
                "error": error,
                "detail": msgspec.json.encode(self.detail).decode(),
            },
        )


def fence(connection: Connection, operation: UUID) -> None:
    """Begin a transaction's work for an operation.

    Raises OperationLost when another one has taken its place: it must not touch anything any more.
    """
    if connection.execute(statement("operations/fence"), {"id": operation}).fetchone() is None:
        raise OperationLost


@contextmanager
def operation(
    dsn: str,
    kind: Kind,
    projection: str,
    *,
    id: UUID | None = None,
    cancelled: threading.Event | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    by: str | None = None,
) -> Iterator[Operation]:
    """Begin an operation on a projection, and record how it ends, and by whom it was begun.

    Raises OperationRefused when one is under way, ProjectionUnknown.
    """
    with connect_operator(dsn, kind) as connection:
        id = id or uuid4()
        with translated_errors():
            act_as(connection, by)
            _begin(connection, id, kind, projection)
        under_way = Operation(id, connection, cancelled or threading.Event(), watch)
        try:
            yield under_way
        except BaseException as error:
            with suppress(EventlogError, psycopg.Error):
                under_way.finish(*_ending(error))
            raise
        under_way.finish("done")


def _begin(connection: Connection, id: UUID, kind: Kind, projection: str) -> None:
    with connection.transaction():
        if connection.execute(statement("projections/find"), {"name": projection}).fetchone() is None:
            raise ProjectionUnknown(projection)
        which = {"projection": projection, "kind": kind}
        cursor = connection.cursor(row_factory=class_row(RunningOperation))
        for running in cursor.execute(statement("operations/alive"), which).fetchall():
            if running.alive:
                raise OperationRefused(projection, running.kind, str(running.id))
            connection.execute(statement("operations/bury"), {"id": running.id})
        try:
            connection.execute(statement("operations/begin"), {"id": id, **which})
        except psycopg.errors.UniqueViolation:
            raise OperationRefused(projection, kind, "that began a moment ago") from None
        connection.execute(statement("operations/prune"))


def _ending(error: BaseException) -> tuple[OperationState, str | None]:
    if isinstance(error, OperationCancelled | KeyboardInterrupt):
        return "cancelled", None
    return "failed", str(error) or type(error).__name__
