"""Read deliveries: one as it was received, and what became of any of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eventlog.log.partitions import partition_of
from eventlog.statements import statement
from eventlog.timestamps import Moment, rfc3339
from projections.read.session import ReadSession, reading

# The most deliveries of one event that an answer names: there may be any number.
DELIVERIES_MAX = 1_000
# How many deliveries after the checkpoint are searched for pending ones of an event.
PENDING_SCAN_MAX = 10_000

PENDING = "pending"
Outcome = Literal["unique", "duplicate", "conflict", "quarantined", "pending"]
# A delivery's name, partition:position.
DeliveryName = Annotated[str, Meta(description="partition:position", examples=["3:1042"])]
# Left out where it came without a key; and without a trace context.
Publisher = Annotated[str | UnsetType, Meta(description="the id of the key that it came with")]
Traceparent = Annotated[str | UnsetType, Meta(description="the trace context of its publish (W3C)")]


class LoggedDelivery(msgspec.Struct, frozen=True):
    """One row of the log."""

    delivery: DeliveryName
    topic: str
    event_id: str
    received_at: Moment
    raw: Annotated[str | None, Meta(description="the event's text as received; null after an erasure")]
    outcome: Outcome
    publisher: Publisher = UNSET
    traceparent: Traceparent = UNSET
    tracestate: Annotated[str | UnsetType, Meta(description="what else came with it")] = UNSET


class Copy(msgspec.Struct, frozen=True):
    """One delivery of an event, as it is listed with the event."""

    delivery: DeliveryName
    received_at: Moment
    outcome: Outcome
    publisher: Publisher = UNSET
    traceparent: Traceparent = UNSET


async def outcomes(connection: ReadSession, at: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Outcome]:
    """Return what became of each delivery (partition, position); those not in the log are left out.

    It is unique, duplicate, conflict, quarantined, or pending.
    """
    places = {
        "partitions": [partition for partition, _ in at],
        "positions": [position for _, position in at],
    }
    async with reading(connection):
        rows = await (await connection.execute(statement("read/outcomes"), places)).fetchall()
    return {(partition, position): outcome for partition, position, outcome in rows}


async def delivery(connection: ReadSession, partition: int, position: int) -> LoggedDelivery | None:
    """Return one delivery, or None where the log has none at that position."""
    place = {"partition": partition, "position": position}
    row = await (await connection.execute(statement("read/delivery"), place)).fetchone()
    if row is None:
        return None
    topic, event_id, received_at, raw, publisher, traceparent, tracestate = row
    found = await outcomes(connection, [(partition, position)])
    return LoggedDelivery(
        f"{partition}:{position}",
        topic,
        event_id,
        rfc3339(received_at),
        raw,
        found[(partition, position)],
        publisher or UNSET,
        traceparent or UNSET,
        tracestate or UNSET,
    )


async def copies(
    connection: ReadSession,
    topic: str,
    event_id: str,
    partitions: int,
    *,
    after: int = 0,
    limit: int = DELIVERIES_MAX + 1,
) -> list[Copy]:
    """Return the deliveries of one event in log order, those after a position, at most `limit`."""
    partition = partition_of(topic, partitions)
    key: dict[str, Any] = {
        "partition": partition,
        "topic": topic,
        "event_id": event_id,
        "after": after,
        "limit": limit,
        "scan": PENDING_SCAN_MAX,
    }
    async with reading(connection):
        rows = await (await connection.execute(statement("read/deliveries_of"), key)).fetchall()
    return [_copy(partition, *row) for row in rows]


def _copy(
    partition: int,
    position: int,
    received_at: datetime,
    outcome: Outcome,
    publisher: str | None,
    traceparent: str | None,
) -> Copy:
    name = f"{partition}:{position}"
    return Copy(name, rfc3339(received_at), outcome, publisher or UNSET, traceparent or UNSET)
