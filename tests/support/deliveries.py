"""Events and deliveries for tests: made, appended as the API does, or put into the log behind its back."""

import json
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent, in_columns
from eventlog.intake import PublishLimits, parse
from eventlog.log.append import Deliveries, PositionRange, append_durably, encode
from eventlog.log.partitions import partition_of
from eventlog.sessions.database import connect
from eventlog.statements import statement
from tests.support.postgres import PARTITIONS

Connection = psycopg.Connection[TupleRow]

LIMITS = PublishLimits(event_bytes=8 << 20, body_bytes=8 << 20, batch_events=10_000)

_numbers = count(1)


def event(topic: str = "order.created", event_id: str | None = None, **fields: Any) -> AcceptedEvent:
    """Make an event as intake lets it in; `fields` replace or add to its own."""
    event_id = event_id or f"id-{next(_numbers)}"
    body = {
        "topic": topic,
        "event_id": event_id,
        "timestamp": "2025-10-21T10:00:00.000Z",
        "source": "shop",
        "payload": {"n": 1},
        **fields,
    }
    raw = json.dumps(body, ensure_ascii=False).encode()
    return parse(raw, ndjson=False, limits=LIMITS).events[0]


def past_the_door(made: AcceptedEvent) -> AcceptedEvent:
    """Return the same event without what intake has read in it, as the outbox brings it."""
    return AcceptedEvent(made.topic, made.event_id, made.raw)


def deliveries(*events: AcceptedEvent) -> Deliveries:
    """Make events ready to append, as one request's."""
    return encode(in_columns(events), PARTITIONS, uuid4().bytes)


def appender(dsn: str) -> Connection:
    """Open a session that may append."""
    connection = connect(dsn, "appender", "append")
    connection.execute(statement("append/settings"))
    return connection


def append_events(dsn: str, events: Sequence[AcceptedEvent]) -> list[PositionRange]:
    """Append events by the product's own protocol; return where they lie."""
    with appender(dsn) as connection:
        return append_durably(connection, [deliveries(*events)])[0]


def topic_in(partition: int, name: str = "topic") -> str:
    """Return a topic that lives in the wanted one of the test database's partitions."""
    return next(topic for n in count() if partition_of(topic := f"{name}.{n}", PARTITIONS) == partition)


def insert_behind_the_door(
    owner: Connection,
    raws: Iterable[str | None],
    *,
    topic: str = "order.created",
    event_id: str | None = None,
    received_at: str | None = None,
) -> list[int]:
    """Put deliveries into the log as its owner, whatever they contain; return their positions."""
    partition = partition_of(topic, PARTITIONS)
    positions = []
    with owner.transaction():
        for raw in raws:
            row = owner.execute(
                "INSERT INTO inbox (partition, position, received_at, topic, event_id, raw)"
                " SELECT %(p)s, head_of(%(p)s::smallint) + 1, coalesce(%(at)s::timestamptz, now()),"
                " %(t)s, %(e)s, %(r)s::json RETURNING position",
                {
                    "p": partition,
                    "at": received_at,
                    "t": topic,
                    "e": event_id or f"id-{next(_numbers)}",
                    "r": raw,
                },
            ).fetchone()
            assert row is not None
            positions.append(row[0])
    return positions
