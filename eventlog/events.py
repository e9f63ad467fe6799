"""What the door lets in, and how it says what is wrong."""

from datetime import datetime

import msgspec


class Content(msgspec.Struct, frozen=True, gc=False):
    """What the door has read in an event besides its key; `payload` is its text, as sent."""

    timestamp: datetime
    source: str
    payload: msgspec.Raw


class Event(msgspec.Struct, frozen=True, gc=False):
    """An acceptable event. `raw` is its JSON text exactly as sent, to the byte.

    `content` spares the projection to read `raw` once more; it may be left out.
    """

    topic: str
    event_id: str
    raw: bytes
    content: Content | None = None


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body.

    `index` counts events from 0 (in NDJSON lines, blank ones too); None where the fault is of no one
    event. `pointer` is a JSON Pointer (RFC 6901) into the body as sent; "" is all of it. `detail` states
    the rule and never repeats what was sent.
    """

    index: int | None
    pointer: str
    code: str
    detail: str
