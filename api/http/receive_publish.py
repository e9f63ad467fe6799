"""What all routes have in common that take events in: a body is let in, counted and read in the same way."""

from collections.abc import Mapping
from functools import partial

from api.http.admission import Publishing
from api.http.authentication import Caller
from api.http.body import read_body
from api.http.middleware import Receive
from api.http.packed_body import is_packed, unpacked
from api.http.traffic import traffic
from api.wiring import Services


async def receive_publish(
    services: Services,
    caller: Caller,
    headers: Mapping[bytes, bytes],
    receive: Receive,
    share: Publishing,
    *,
    bytes_max: int,
) -> bytes:
    """Return the whole body of a publish; what the head alone decides is refused before it is read.

    Raises QueueFull, QuotaExceeded, and as read_body() does.
    """
    services.writer.require_room(caller.id)
    announced = int(headers.get(b"content-length", b"0"))
    if caller.meter is not None:
        caller.meter.admit_publish(announced)
    body = await read_body(
        headers,
        receive,
        share.take,
        bytes_max=bytes_max,
        timeout_seconds=services.settings.receive_timeout_seconds,
    )
    traffic.bytes_in += len(body)
    if caller.meter is not None:
        caller.meter.take_bytes(len(body) - announced)
    # Others came meanwhile. Reading was little work beside parsing, which would be in vain too.
    services.writer.require_room(caller.id)
    return body


async def receive_packed(
    services: Services,
    caller: Caller,
    headers: Mapping[bytes, bytes],
    receive: Receive,
    share: Publishing,
) -> bytes:
    """Do the same for a body that may be packed; return it as it was before. What it unpacks to counts."""
    bytes_max = services.settings.body_bytes_max
    body = await receive_publish(services, caller, headers, receive, share, bytes_max=bytes_max)
    if not is_packed(headers):
        return body
    found = await services.examiner.read(partial(unpacked, headers, body, bytes_max))
    share.take(max(0, len(found) - len(body)))
    return found
