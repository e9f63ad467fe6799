"""Events as CloudEvents 1.0: as they came in, or in other words where they were published in our own form.

What eventlog/intake/cloudevents.py takes apart is put together here.
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import Raw

from eventlog.statements import statement
from projections.read.events import Event
from projections.read.session import ReadSession, reading

# What may stand in a reference to a URI as it is (RFC 3986).
_URI_CHARACTERS = ":/?#[]@!$&'()*+,;=%-._~"

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, Raw]).decode


class Said(NamedTuple):
    """What an event said as a CloudEvent. `data_in` names the payload's member that is the data.

    It is None where the payload is, and "" where there is no data.
    """

    attributes: str
    data_in: str | None


async def said_of(connection: ReadSession, events: Sequence[Event]) -> dict[tuple[int, int], Said]:
    """Return what those of the events said that came as CloudEvents, by partition and position."""
    where = {
        "partitions": [event.partition for event in events],
        "positions": [event.position for event in events],
    }
    async with reading(connection):
        rows = await (await connection.execute(statement("read/cloudevents"), where)).fetchall()
    return {(partition, position): Said(*rest) for partition, position, *rest in rows}


def as_cloudevent(event: Event, said: Said | None) -> bytes:
    """Return an event as structured JSON."""
    payload = bytes(event.payload)
    if said is None:
        attributes = _encode(_attributes(event))
        return b'%b,"data":%b}' % (attributes[:-1], payload)
    attributes = said.attributes.encode()
    if said.data_in == "":
        return attributes
    if said.data_in is not None:
        payload = bytes(_members(payload)[said.data_in])
    member = "data_base64" if said.data_in == "data_base64" else "data"
    return b'%b,"%b":%b}' % (attributes[:-1], member.encode(), payload)


def _attributes(event: Event) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": quote(event.source, safe=_URI_CHARACTERS),
        "type": event.topic,
        "time": event.timestamp,
        "datacontenttype": "application/json",
    }
