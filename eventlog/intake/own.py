"""An event's own fields, and what the log keeps of them beside the text."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from eventlog.events import Contents
from eventlog.intake.fields import BYTES_MAX, moments_of

# Told, not checked here: the rules, and the words for breaking them are in fields.py.
NAME = {"minLength": 1, "maxLength": BYTES_MAX}


class PublishedEvent(msgspec.Struct, gc=False):
    """An event's own fields. Others may stand beside them."""

    topic: Annotated[
        str,
        Meta(
            description="1 – 255 bytes of UTF-8; `domain.entity.action` is recommended. No control "
            "characters, no surrounding white space, no `*`, not beginning with `$`.",
            extra_json_schema=NAME,
        ),
    ]
    event_id: Annotated[
        str,
        Meta(description="1 – 255 bytes of UTF-8, unique within its topic for ever.", extra_json_schema=NAME),
    ]
    timestamp: Annotated[
        str, Meta(description="RFC 3339 with a zone.", extra_json_schema={"format": "date-time"})
    ]
    source: Annotated[str, Meta(extra_json_schema=NAME)]
    payload: Annotated[
        Raw, Meta(description="Comes back as the text that was sent.", extra_json_schema={"type": "object"})
    ]


_decode = msgspec.json.Decoder(PublishedEvent).decode


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
