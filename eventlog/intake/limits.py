"""What intake is told, and what it answers."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from eventlog.events import Events, Fault


class Allowed(Protocol):
    """Which events may come from whoever sends them."""

    def allows(self, topics: Sequence[str], sources: Sequence[str]) -> bool:
        """Say whether all events of a batch, in columns, may come."""

    def flaws(self, topic: str, source: str) -> Iterator[tuple[str, str]]:
        """Yield the fields of an event that may not be as they are, each with the rule."""


class PublishLimits(msgspec.Struct, frozen=True):
    """How large a publish may be. `depth` counts nested arrays and objects; the event itself is 1.

    `allowed`: which events may come at all; None for any.
    """

    event_bytes: int
    body_bytes: int
    batch_events: int
    depth: int = 64
    allowed: Allowed | None = None


class Intake(msgspec.Struct):
    """The good events of a body, at least one, in order; and, leniently read, what is wrong with others."""

    events: Events
    rejected: list[Fault]
