"""A load in stages, and what a run must reach: parsed, timed and judged. Pure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from eventlog.errors import SettingsError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_RATE = re.compile(r"\d+(?:\.\d+)?")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True, slots=True)
class Stage:
    """A change of the rate: from the one before to this one, in events a second, evenly within `seconds`."""

    seconds: float
    rate: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a figure must not exceed, and what it came to."""

    name: str
    most: float
    got: float

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.got <= self.most


def parse_stage(text: str) -> Stage:
    """Read `30s:50`. Raises SettingsError."""
    duration, colon, rate = text.partition(":")
    if not colon or _RATE.fullmatch(rate) is None:
        raise SettingsError(f"--stage is DURATION:RATE, such as 30s:50, not {text!r}")
    seconds = parse_duration("--stage", duration)
    if seconds == 0:
        raise SettingsError(f"--stage {text!r} takes no time")
    return Stage(seconds, float(rate))


def parse_duration(name: str, text: str) -> float:
    """Read `100ms`, `30s`, `2m` or `1h` as seconds. Raises SettingsError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise SettingsError(f"{name}: {text!r} is no duration such as 100ms, 30s or 2m")
    return float(found[1]) * _SECONDS[found[2]]


def parse_share(name: str, text: str) -> float:
    """Read `1%` or `0.01`. Raises SettingsError."""
    found = _SHARE.fullmatch(text)
    share = float(found[1]) / (100 if found[2] else 1) if found else math.nan
    if not share <= 1:
        raise SettingsError(f"{name}: {text!r} is no share such as 1% or 0.01")
    return share


def events_of(stages: Sequence[Stage]) -> int:
    """Return how many events the stages send. Raises SettingsError where it is none."""
    events = int(sum(_events_within(before, stage) for before, stage in _with_before(stages)))
    if events < 1:
        raise SettingsError("the stages send no event at all: give one a rate above 0")
    return events


def due_seconds(stages: Sequence[Stage], number: float) -> float:
    """Return when, after the start, the event with this number (from 0) is due."""
    passed = 0.0
    for before, stage in _with_before(stages):
        events = _events_within(before, stage)
        if number <= events:
            return passed + _seconds_until(number, before, stage)
        number -= events
        passed += stage.seconds
    return passed


def _with_before(stages: Sequence[Stage]) -> list[tuple[float, Stage]]:
    return list(zip([0.0, *(stage.rate for stage in stages)], stages, strict=False))


def _events_within(before: float, stage: Stage) -> float:
    return (before + stage.rate) / 2 * stage.seconds


def _seconds_until(number: float, before: float, stage: Stage) -> float:
    """Solve number = before × t + growth × t² / 2 for t, in the form that bears a growth of 0."""
    growth = (stage.rate - before) / stage.seconds
    root = math.sqrt(max(0.0, before * before + 2 * growth * number))
    return 2 * number / (before + root) if number and before + root else 0.0
