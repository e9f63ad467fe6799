"""A log with everything in it that a projection may meet, the same for the same seed."""

import json
import random
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from tests.support.deliveries import append_events, event, insert_behind_the_door, past_the_door

TOPICS = [f"shop.order.{n}" for n in range(7)]

# Of one event: what was sent first, the same in other words, and something else.
SAME = [
    '{"a": 1, "b": [1, {"c": null}]}',
    '{"b":[1.0,{"c":null}],"a":1}',
    '{ "a": 1.00, "b": [1, {"c": null} ] }',
]
OTHER = ['{"a": true, "b": [1, {"c": null}]}', '{"a": 1, "b": [1], "c": null}', "{}"]

BAD = [
    None,
    "5",
    "{}",
    '{"timestamp": "now", "source": "shop", "payload": {}}',
    '{"timestamp": "2025-10-21T10:00:00Z", "source": "shop", "payload": {"a": "\\u0000"}}',
    '{"timestamp": "2025-10-21T10:00:00Z", "source": "shop", "payload": [1]}',
]


def fill_log(dsn: str, count: int = 400, seed: int = 7) -> None:
    """Append about `count` deliveries, with duplicates, conflicts and some that are no events."""
    chance = random.Random(seed)
    with psycopg.connect(dsn, autocommit=True) as owner:
        left = count
        while left > 0:
            size = chance.randint(1, 40)
            made = [_delivery(chance) for _ in range(size)]
            # One request's events have been read by intake all of them, or none.
            append_events(dsn, made if chance.random() < 0.7 else [past_the_door(each) for each in made])
            _insert_bad(owner, chance)
            left -= size


def _insert_bad(owner: psycopg.Connection[TupleRow], chance: random.Random) -> None:
    topic = chance.choice(TOPICS)
    for _ in range(chance.choice([0, 1, 1, 3])):
        insert_behind_the_door(owner, [chance.choice(BAD)], topic=topic, event_id=_event_id(chance))


def _event_id(chance: random.Random) -> str:
    return f"id-{chance.randint(1, 40)}"


def _delivery(chance: random.Random) -> AcceptedEvent:
    hour, milliseconds, offset = chance.randint(0, 23), chance.randint(0, 999), chance.randint(0, 9)
    fields: dict[str, Any] = {
        "timestamp": f"2025-10-21T{hour:02}:00:00.{milliseconds:03}+0{offset}:30",
        "source": "till" if chance.random() < 0.02 else "shop",
        "payload": json.loads(chance.choice(SAME))
        if chance.random() < 0.9
        else json.loads(chance.choice(OTHER)),
    }
    return event(chance.choice(TOPICS), _event_id(chance), **fields)
