"""What the door lets in, and how it says what is wrong."""

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """An acceptable event. `raw` is its JSON text exactly as sent, to the byte."""

    topic: str
    event_id: str
    raw: bytes


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body.

    `index` counts events from 0 (in NDJSON lines, blank ones too); None where the fault is of no single event.
    `pointer` is a JSON Pointer (RFC 6901) into the body as sent; "" is all of it. `detail` states the rule
    and never repeats what was sent.
    """

    index: int | None
    pointer: str
    code: str
    detail: str
