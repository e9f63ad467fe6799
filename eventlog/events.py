"""Events as intake lets them in, and the faults by which it says what is wrong."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta


class EventContent(NamedTuple):
    """What intake has read in an event besides its key; `payload` is its text, as sent.

    `timestamp` counts microseconds from 2000-01-01 UTC, as PostgreSQL does.
    """

    timestamp: int
    source: str
    payload: bytes


class AcceptedEvent(msgspec.Struct, frozen=True, gc=False):
    """An acceptable event. `raw` is its JSON text exactly as sent, to the byte.

    `content` spares the projection to read `raw` once more; it may be left out.
    """

    topic: str
    event_id: str
    raw: bytes
    content: EventContent | None = None


class Contents(NamedTuple):
    """The contents of events, in columns of one length."""

    timestamps: Sequence[int]
    sources: Sequence[str]
    payloads: Sequence[bytes]


# What inbox.format says of the text of a delivery: it is what came; or it tells in our own form what came as
# a CloudEvent (eventlog/intake/cloudevents.py), as a webhook (eventlog/hooks/reading.py), as a record
# of another sender (eventlog/ingest/reading.py), or as what can be no event (eventlog/intake/unparsed.py).
OWN = 1
CLOUDEVENT = 2
WEBHOOK = 3
UNPARSED = 4
INGESTED = 5


class Events(msgspec.Struct, frozen=True):
    """Events in columns of one length, in order: what is done to each of a thousand is then done in C.

    `contents` is left out where one event's is. `format` is that of all of them.
    """

    topics: Sequence[str]
    event_ids: Sequence[str]
    raws: Sequence[bytes]
    contents: Contents | None = None
    format: int = OWN

    def __len__(self) -> int:
        return len(self.raws)

    def __getitem__(self, index: int) -> AcceptedEvent:
        content = None
        if self.contents is not None:
            timestamps, sources, payloads = self.contents
            content = EventContent(timestamps[index], sources[index], payloads[index])
        return AcceptedEvent(self.topics[index], self.event_ids[index], self.raws[index], content)

    def __iter__(self) -> Iterator[AcceptedEvent]:
        return map(self.__getitem__, range(len(self)))


def in_columns(events: Sequence[AcceptedEvent]) -> Events:
    """Return the same events in columns."""
    contents = [event.content for event in events if event.content is not None]
    return Events(
        [event.topic for event in events],
        [event.event_id for event in events],
        [event.raw for event in events],
        Contents(*zip(*contents, strict=True)) if contents and len(contents) == len(events) else None,
    )


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body."""

    index: Annotated[
        int | None,
        Meta(
            description="counts events from 0 (in NDJSON lines, blank ones too); null where the fault is of "
            "no one event"
        ),
    ]
    pointer: Annotated[
        str, Meta(description='JSON Pointer (RFC 6901) into the body as sent; "" is all of it')
    ]
    code: str
    detail: Annotated[str, Meta(description="the rule; never what was sent")]
