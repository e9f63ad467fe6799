"""What intake is told, and what it answers."""

import msgspec

from eventlog.events import Events, Fault


class PublishLimits(msgspec.Struct, frozen=True):
    """How large a publish may be. `depth` counts nested arrays and objects; the event itself is 1."""

    event_bytes: int
    body_bytes: int
    batch_events: int
    depth: int = 64


class Intake(msgspec.Struct):
    """The good events of a body, at least one, in order; and, leniently read, what is wrong with others."""

    events: Events
    rejected: list[Fault]
