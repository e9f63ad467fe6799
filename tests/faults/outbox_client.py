"""A client that publishes inside its own transactions, some of which it rolls back, with a journal."""

import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import psycopg
from psycopg.rows import TupleRow

from tests.faults.client import TOPICS, raw_event
from tests.faults.journal import Attempt, Journal, Outcome, Sent, digest
from tests.support.waiting import until

PUBLISH = "SELECT publish_events(%s::json)"


def publish_through_outbox(
    dsn: str,
    journal_path: Path,
    *,
    until_true: Callable[[], bool],
    seed: int = 1,
    prefix: str = "outbox",
    deadline_seconds: float = 30.0,
) -> None:
    """Commit or roll back one transaction after the other until the condition holds."""
    chance = random.Random(seed)
    journal = Journal(journal_path)
    numbers = iter(range(1_000_000))

    def publish_until_cut() -> bool:
        """Publish until the condition holds or the session is lost, whose transaction may have committed."""
        with suppress(psycopg.OperationalError), psycopg.connect(dsn, autocommit=True) as connection:
            while not until_true():
                _publish(connection, journal, chance, f"{prefix}-{next(numbers)}")
        return until_true()

    until(publish_until_cut, deadline_seconds=deadline_seconds)
    journal.close()


def _publish(
    connection: psycopg.Connection[TupleRow], journal: Journal, chance: random.Random, name: str
) -> None:
    events = []
    for ordinal in range(chance.randint(1, 5)):
        topic = chance.choice(TOPICS)
        event_id = f"{name}-{ordinal}"
        events.append((topic, event_id, raw_event(topic, event_id, ordinal)))
    attempt = Attempt(
        request_id=str(uuid.uuid4()),
        connection="outbox",
        number=0,
        started=time.time(),
        sent=[Sent(topic, event_id, digest(raw)) for topic, event_id, raw in events],
        by_outbox=True,
    )
    journal.begin(attempt)
    with connection.transaction(force_rollback=(rolled_back := chance.random() < 0.2)):
        connection.execute(PUBLISH, ["[" + ",".join(raw.decode() for *_, raw in events) + "]"])
    outcome: Outcome = "fail" if rolled_back else "ok"
    journal.end(msgspec.structs.replace(attempt, ended=time.time(), outcome=outcome))
