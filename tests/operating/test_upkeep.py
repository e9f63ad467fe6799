"""Tools that rewrite tables and indexes beside publishes and workers: nothing is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
from psycopg.rows import TupleRow

from projections.projection import PROJECTIONS
from projections.verify import verify
from tests.support.events import event
from tests.support.projecting import lag
from tests.support.waiting import until

BATCH = 20


class Publishing:
    """Publishes batches until it is stopped; counts what was acknowledged."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._stopping = threading.Event()
        self.batches = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            name = f"{self.batches}"
            events = [event(topic=f"upkeep.{n}", event_id=name) for n in range(BATCH)]
            # What is not acknowledged is sent again, as every publisher does.
            if self._client.post("/publish", json=events).status_code == 202:
                self.batches += 1

    def stop(self) -> None:
        self._stopping.set()

    def wait_for_more(self) -> None:
        before = self.batches
        until(lambda: self.batches > before + 1, deadline_seconds=30)


@contextmanager
def publishing(client: httpx2.Client) -> Iterator[Publishing]:
    publisher = Publishing(client)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    try:
        yield publisher
    finally:
        publisher.stop()
        thread.join(30)


def rewrites(partition: int) -> list[str]:
    inbox = f"eventlog.inbox_{partition}"
    return [
        f"VACUUM FULL {inbox}",
        f"CLUSTER {inbox} USING inbox_{partition}_pkey",
        f"REINDEX TABLE CONCURRENTLY {inbox}",
    ]


def test_vacuum_full_cluster_and_reindex_under_load(
    client: httpx2.Client, connection: psycopg.Connection[TupleRow], database: str
) -> None:
    with publishing(client) as publisher:
        publisher.wait_for_more()
        for partition in range(4):
            for statement in rewrites(partition):
                connection.execute(statement.encode())
        for statement in (
            "VACUUM FULL core_1.events",
            "REINDEX SCHEMA CONCURRENTLY core_1",
            "VACUUM FULL eventlog.steps",
        ):
            connection.execute(statement.encode())
        publisher.wait_for_more()
    until(lambda: lag(connection) == 0, deadline_seconds=30)
    count = connection.execute("SELECT count(*) FROM events WHERE topic LIKE 'upkeep.%'").fetchone()
    assert count == (publisher.batches * BATCH,)
    for projection in PROJECTIONS:
        assert verify(database, projection).differing == []
