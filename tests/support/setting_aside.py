"""Deliveries that go into quarantine for a reason that can be mended: the tables refuse one moment."""

from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from tests.support.deliveries import append_events, event, topic_in
from tests.support.projecting import project_all

Connection = psycopg.Connection[TupleRow]

TOPIC = topic_in(1)
BAD = "2031-05-05T05:05:00Z"
ONCE_BAD = (("core_1.events", f"\"timestamp\" <> '{BAD}'"),)


def good(event_id: str, **fields: object) -> AcceptedEvent:
    return event(TOPIC, event_id, **fields)


def bad(event_id: str, **fields: object) -> AcceptedEvent:
    return event(TOPIC, event_id, timestamp=BAD, **fields)


def break_tables(owner: Connection) -> None:
    for table, rule in ONCE_BAD:
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT no_bad_moment CHECK ({rule})".encode())


def mend_tables(owner: Connection) -> None:
    for table, _ in ONCE_BAD:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT no_bad_moment".encode())


def set_aside(dsn: str, owner: Connection, events: Sequence[AcceptedEvent]) -> None:
    """Project events of which the bad ones go into quarantine, then mend what was wrong with them."""
    break_tables(owner)
    append_events(dsn, events)
    project_all(dsn, batch_size=4)
    mend_tables(owner)
