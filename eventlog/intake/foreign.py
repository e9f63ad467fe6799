"""Events that were said in another format, in our words: checked by our rules, told in theirs.

A reader of such a format gives a `ForeignEvent` for each event, or the faults of one that cannot be read.
What is appended is an event of our own form, so that projections, reads and rebuilds know no other; what the
format says besides stands in members of its own beside the payload, and nothing of it is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from eventlog.events import Contents, Events, Fault
from eventlog.intake.examine import SCOPE, refusal
from eventlog.intake.fields import STRING_FIELDS, moments_of
from eventlog.intake.limits import Intake, PublishLimits

# In the order in which they decide for all of a body.
Kind = Literal["too_large", "malformed", "invalid", "forbidden"]
KINDS: tuple[Kind, ...] = ("too_large", "malformed", "invalid", "forbidden")

_encode = msgspec.json.Encoder().encode


class ForeignEvent(msgspec.Struct, gc=False):
    """One event. `payload` is the text of an object; `beside` further members, as `"name":value`."""

    topic: str
    event_id: str
    timestamp: str
    source: str
    payload: bytes
    beside: bytes

    def text(self) -> bytes:
        """Return the event in our own form."""
        return b'{"topic":%b,"event_id":%b,"timestamp":%b,"source":%b,"payload":%b,%b}' % (
            _encode(self.topic),
            _encode(self.event_id),
            _encode(self.timestamp),
            _encode(self.source),
            self.payload,
            self.beside,
        )


class Unread(msgspec.Struct):
    """Why an event cannot be read."""

    kind: Kind
    faults: list[Fault]


class Place(msgspec.Struct, frozen=True):
    """Where an event stands in the body: its index, and the JSON Pointer to it."""

    index: int
    pointer: str


def take_in(
    read: Sequence[tuple[Place, ForeignEvent | Unread]],
    names: Mapping[str, str],
    limits: PublishLimits,
    *,
    format: int,
    lenient: bool,
) -> Intake:
    """Return the events of a body, which may be none at all.

    Args:
        read: its events, in order.
        names: what the format calls our fields, for those who have to mend them.
        limits: which events may come.
        format: the format, as the log numbers them.
        lenient: leave out what has faults, unless all have.

    Raises:
        Refused: strictly, one has a fault.
    """
    good: list[ForeignEvent] = []
    unread: list[Unread] = []
    for place, found in read:
        checked = found if isinstance(found, Unread) else _flaws(place, found, names, limits)
        if checked is not None:
            unread.append(checked)
        elif isinstance(found, ForeignEvent):
            good.append(found)
    if unread and not (lenient and good):
        kind = next(kind for kind in KINDS if any(each.kind == kind for each in unread))
        raise refusal(kind, [fault for each in unread if each.kind == kind for fault in each.faults])
    return Intake(events_of(good, format), [fault for each in unread for fault in each.faults])


def _flaws(
    place: Place, event: ForeignEvent, names: Mapping[str, str], limits: PublishLimits
) -> Unread | None:
    broken = list(broken_fields(place, event, names))
    if broken:
        return Unread("invalid", broken)
    if limits.allowed is None:
        return None
    forbidden = [
        Fault(place.index, f"{place.pointer}/{names[field]}", SCOPE, rule)
        for field, rule in limits.allowed.flaws(event.topic, event.source)
    ]
    return Unread("forbidden", forbidden) if forbidden else None


def broken_fields(place: Place, event: ForeignEvent, names: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with the fields of an event."""
    for field, flaw_of in STRING_FIELDS.items():
        if rule := flaw_of(getattr(event, field)):
            name = names[field]
            yield Fault(place.index, f"{place.pointer}/{name}", f"invalid_{field}", f"{name} {rule}")


def events_of(good: Sequence[ForeignEvent], format: int) -> Events:
    """Return events that keep our rules, as the log takes them in."""
    moments = moments_of([event.timestamp for event in good]) if good else []
    assert moments is not None  # each has been checked
    return Events(
        [event.topic for event in good],
        [event.event_id for event in good],
        [event.text() for event in good],
        Contents(moments, [event.source for event in good], [event.payload for event in good]),
        format,
    )
