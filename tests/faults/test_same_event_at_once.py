"""Many clients publish one event at the same moment: the first delivery wins, none waits in a circle."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg.rows import TupleRow

from projections.projection import CORE
from projections.verify import verify
from tests.support.api import running_api
from tests.support.projecting import lag
from tests.support.sessions import scalar
from tests.support.waiting import until

CLIENTS = 16
ROUNDS = 5
TOPICS = ("hot.a", "hot.b", "hot.c")

FIRST_WINS = """
SELECT count(*)
FROM events AS e
JOIN (
    SELECT DISTINCT ON (topic, event_id) topic, event_id, position, (raw ->> 'payload')::jsonb AS payload
    FROM inbox
    ORDER BY topic, event_id, position
) AS first USING (topic, event_id)
WHERE e.position = first.position AND e.payload::jsonb = first.payload
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def body(client: int, number: int) -> bytes:
    """Return two events of each topic: of one all clients have the same payload, of the other all another."""
    made = [
        {
            "topic": topic,
            "event_id": f"{number}-{kind}",
            "timestamp": "2031-01-01T00:00:00Z",
            "source": "same",
            "payload": {"client": client if kind == "other" else 0},
        }
        for topic in TOPICS
        for kind in ("same", "other")
    ]
    # In any order: what is locked must not depend on it.
    return msgspec.json.encode(made[client % len(made) :] + made[: client % len(made)])


def test_the_lowest_position_wins_and_the_others_are_conflicts(
    database: str, connection: psycopg.Connection[TupleRow]
) -> None:
    together = threading.Barrier(CLIENTS)

    def publish(client: int, url: str) -> None:
        api = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        for number in range(ROUNDS):
            together.wait(30)
            api.request("POST", "/publish", body(client, number), {"Content-Type": "application/json"})
            answer = api.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()
        api.close()

    with running_api(database, workers=8) as url, ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(publish, client, url) for client in range(CLIENTS)]:
            done.result(60)
        until(lambda: lag(connection) == 0, deadline_seconds=30)
    events = len(TOPICS) * ROUNDS * 2
    assert scalar(connection, FIRST_WINS) == scalar(connection, "SELECT count(*) FROM events") == events
    assert scalar(connection, "SELECT count(*) FROM duplicates") == events * (CLIENTS - 1)
    assert scalar(connection, "SELECT count(*) FROM conflicts") == events // 2 * (CLIENTS - 1)
    assert scalar(connection, DEADLOCKS) == 0
    assert verify(database, CORE).differing == []
