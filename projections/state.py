"""How the projections are: for those who run them, in a terminal or over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from projections.projection import Projection


class ProjectionState(msgspec.Struct, frozen=True):
    """One projection: what is live of it, how far it is, and what is done to it.

    state: live, rebuilding or dropped. partitions: JSON text. rate: deliveries a second, lately.
    failure: why it makes no progress, if it fails for a reason other than content.
    """

    name: str
    state: str
    version: int | None
    definition: str | None
    lag_deliveries: int | None
    lag_seconds: float | None
    partitions: str
    rate: float
    quarantined: int
    failure: str | None
    operation: UUID | None
    operation_kind: str | None
    phase: str | None
    done: int | None
    total: int | None
    elapsed_seconds: float | None


def shown(state: ProjectionState, projections: Sequence[Projection]) -> dict[str, Any]:
    """Return a state as people and programs get to see it.

    `fits` says whether this code is what made the live version: otherwise workers with this code leave
    it alone, and a rebuild makes the next one.
    """
    known = {projection.name: projection.definition for projection in projections}
    return {
        "name": state.name,
        "state": state.state,
        "version": state.version,
        "fits": state.version is None or known.get(state.name) == state.definition,
        "lag_deliveries": state.lag_deliveries,
        "lag_seconds": state.lag_seconds,
        "rate": round(state.rate, 1),
        "quarantined": state.quarantined,
        "failure": state.failure,
        "partitions": msgspec.json.decode(state.partitions),
        "operation": _operation(state),
    }


def _operation(state: ProjectionState) -> dict[str, Any] | None:
    if state.operation is None:
        return None
    return {
        "id": str(state.operation),
        "kind": state.operation_kind,
        "phase": state.phase,
        **progress_of(state.done or 0, state.total or 0, state.elapsed_seconds or 0.0),
    }


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
