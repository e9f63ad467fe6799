"""An event's own fields, and what the log keeps of them beside the text."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from eventlog.events import Contents
from eventlog.intake.fields import moments_of


class Own(msgspec.Struct, gc=False):
    """An event's own fields. Others may stand beside them."""

    topic: str
    event_id: str
    timestamp: str
    source: str
    payload: Raw


_decode = msgspec.json.Decoder(Own).decode


def contents_of(raws: Sequence[bytes]) -> Contents | None:
    """Return the contents of events that are known to be good; None where one of them is not.

    Without them a projection would read the text in SQL, which rounds what is cut here.
    """
    try:
        own = list(map(_decode, raws))
    except (msgspec.DecodeError, RecursionError):
        return None
    moments = moments_of([event.timestamp for event in own])
    if moments is None:
        return None
    return Contents(moments, [event.source for event in own], [bytes(event.payload) for event in own])
