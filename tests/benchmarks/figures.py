"""What the ladder finds: a figure a step and round, and the medians of the rounds."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

EVENTS = "events/s"


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How large everything is. Seconds are of each measurement that lasts a time."""

    events: int = 200_000
    rounds: int = 3
    seconds: float = 60.0
    latency_seconds: float = 10.0
    connections: list[int] = msgspec.field(default_factory=lambda: [4, 16, 32, 64])
    bound: int = 100_000
    workers: int = 2
    rebuild_events: int = 2_000_000
    query_events: int = 1_500_000
    page: int = 10_000

    @property
    def singles(self) -> int:
        """How many events are published one by one: they take ten times as long."""
        return max(self.events // 8, 64)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement.

    above: the figure that this one is a part of, in percent.
    cpu: µs of CPU per event by process and thread.
    faults: why it is void; empty when everything that was checked is exact.
    """

    name: str
    what: str
    value: float
    unit: str = EVENTS
    above: str | None = None
    details: dict[str, Any] = {}
    cpu: dict[str, float] = {}
    faults: list[str] = []


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over all rounds: the median, of what is not void. None when a round of it was void."""

    name: str
    what: str
    unit: str
    median: float | None
    rounds: list[float]
    above: str | None
    of_above_percent: float | None
    of_raw_copy_percent: float | None
    details: dict[str, Any]
    cpu: dict[str, float]
    faults: list[str]


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    sizes: Sizes
    event_bytes: int
    surroundings: dict[str, Any]
    minutes: float
    rungs: list[Rung]


def median(figures: Iterable[Figure], name: str) -> float | None:
    """Return the median of what a name has come to so far."""
    values = [figure.value for figure in figures if figure.name == name]
    return statistics.median(values) if values else None


def rungs(figures: Sequence[Figure]) -> list[Rung]:
    """Return a rung for each name, in the order of their first figures."""
    return [_rung(figures, name) for name in dict.fromkeys(figure.name for figure in figures)]


def _rung(figures: Sequence[Figure], name: str) -> Rung:
    own = [figure for figure in figures if figure.name == name]
    faults = [fault for figure in own for fault in figure.faults]
    middle = statistics.median(figure.value for figure in own)
    # Details are of the round that came nearest to the median.
    nearest = min(own, key=lambda figure: abs(figure.value - middle))
    of_events = nearest.unit == EVENTS
    return Rung(
        name=name,
        what=nearest.what,
        unit=nearest.unit,
        median=None if faults else middle,
        rounds=[figure.value for figure in own],
        above=nearest.above,
        of_above_percent=_percent(middle, nearest.above and median(figures, nearest.above), faults),
        of_raw_copy_percent=_percent(middle, median(figures, "raw_copy") if of_events else None, faults),
        details=nearest.details,
        cpu=nearest.cpu,
        faults=faults,
    )


def _percent(value: float, whole: float | str | None, faults: list[str]) -> float | None:
    return None if faults or not isinstance(whole, float) or not whole else round(value / whole * 100, 1)


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    """Return p50, p90, p99 and the maximum of ascending seconds, in milliseconds."""
    if not taken:
        return {}
    last = len(taken) - 1
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(taken[round(last * part)] * 1e3, 2) for name, part in at.items()}
