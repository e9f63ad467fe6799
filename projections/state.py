"""How the projections are: for those who run them, in a terminal or over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from eventlog.statements import statement
from projections.operations import Kind
from projections.projection import Projection

State = Literal["live", "rebuilding", "dropped"]
# Returns a ProjectionState for each projection, or for the one called %(name)s.
SHOW_STATES = statement("projections/state")


class ProjectionState(msgspec.Struct, frozen=True):
    """One projection: what is live of it, how far it is, and what is done to it.

    state: live, rebuilding or dropped. partitions: JSON text. rate: deliveries a second, lately.
    failure: why it makes no progress, if it fails for a reason other than content.
    """

    name: str
    state: State
    version: int | None
    definition: str | None
    lag_deliveries: int | None
    lag_seconds: float | None
    partitions: str
    rate: float
    quarantined: int
    failure: str | None
    operation: UUID | None
    operation_kind: Kind | None
    phase: str | None
    done: int | None
    total: int | None
    elapsed_seconds: float | None


class PartitionLag(msgspec.Struct, frozen=True):
    """How far a projection is in one partition."""

    partition: int
    checkpoint: Annotated[
        int | None, Meta(description="the last position that is projected; null while dropped")
    ]
    head: int
    lag_deliveries: int | None
    lag_seconds: Annotated[float | None, Meta(description="age of its oldest delivery that is not projected")]


class OperationUnderWay(msgspec.Struct, frozen=True):
    """What is done to a projection, and how far that is."""

    id: UUID
    kind: Kind
    phase: str
    done: Annotated[int, Meta(description="deliveries")]
    total: int
    rate: Annotated[float, Meta(description="deliveries a second")]
    eta_seconds: float | None


class ProjectionStatus(msgspec.Struct, frozen=True):
    """One projection."""

    name: str
    state: State
    version: Annotated[int | None, Meta(description="the live one; null while it is dropped")]
    fits: Annotated[bool, Meta(description="false where it was made by other code than this: rebuild it")]
    lag_deliveries: int | None
    lag_seconds: Annotated[float | None, Meta(description="age of the oldest delivery that is not projected")]
    rate: Annotated[float, Meta(description="deliveries projected a second, in the last minute")]
    quarantined: int
    failure: Annotated[str | None, Meta(description="why it makes no progress, if not for its content")]
    partitions: list[PartitionLag]
    operation: OperationUnderWay | None


def shown(state: ProjectionState, projections: Sequence[Projection]) -> ProjectionStatus:
    """Return a state as people and programs get to see it.

    `fits` says whether this code is what made the live version: otherwise workers with this code leave
    it alone, and a rebuild makes the next one.
    """
    known = {projection.name: projection.definition for projection in projections}
    return ProjectionStatus(
        name=state.name,
        state=state.state,
        version=state.version,
        fits=state.version is None or known.get(state.name) == state.definition,
        lag_deliveries=state.lag_deliveries,
        lag_seconds=state.lag_seconds,
        rate=round(state.rate, 1),
        quarantined=state.quarantined,
        failure=state.failure,
        partitions=msgspec.json.decode(state.partitions, type=list[PartitionLag]),
        operation=_operation(state),
    )


def _operation(state: ProjectionState) -> OperationUnderWay | None:
    if state.operation is None or state.operation_kind is None:
        return None
    return OperationUnderWay(
        id=state.operation,
        kind=state.operation_kind,
        phase=state.phase or "",
        **progress_of(state.done or 0, state.total or 0, state.elapsed_seconds or 0.0),
    )


def progress_of(done: int, total: int, elapsed_seconds: float) -> dict[str, Any]:
    """Return how far something is, how fast, and how long it will take; unknown is None."""
    rate = done / elapsed_seconds if elapsed_seconds > 0 else 0.0
    left = (total - done) / rate if rate > 0 and total >= done else None
    return {
        "done": done,
        "total": total,
        "rate": round(rate, 1),
        "eta_seconds": None if left is None else round(left, 1),
    }
