"""The order lock never waits for anyone's client: who waits for 5 s terminates a holder that stands still."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from tests.support.deliveries import deliveries, event, topic_in
from tests.support.moving import movers
from tests.support.sessions import scalar
from tests.support.waiting import until
from tests.support.writing import writer

Connection = psycopg.Connection[TupleRow]


@contextmanager
def stopped_holder(dsn: str, partition: int, where: str) -> Iterator[None]:
    """Run a process that holds a partition's order lock, and SIGSTOP it there."""
    command = [sys.executable, "-m", "tests.support.stopped_holder", dsn, str(partition), where]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"locked\n"
            os.kill(process.pid, signal.SIGSTOP)
            yield
        finally:
            process.kill()


def test_a_holder_stopped_after_the_lock_or_in_its_copy_is_terminated_and_nobody_else(
    database: str, connection: Connection
) -> None:
    topics = [topic_in(0), topic_in(1)]

    async def publish() -> None:
        async with writer(database) as first, writer(database) as second, writer(database) as third:
            answers = [
                own.submit(deliveries(*(event(topic) for topic in topics))) for own in (first, second, third)
            ]
            # Were one of the waiting writers taken for the holder, its answer would be an error.
            await asyncio.wait_for(asyncio.gather(*answers), 15)

    with stopped_holder(database, 0, "copy"), stopped_holder(database, 1, "lock"):
        asyncio.run(publish())
    assert scalar(connection, "SELECT count(*) FROM inbox") == 6


def test_the_mover_frees_itself_too(database: str, connection: Connection) -> None:
    topic = topic_in(2)
    connection.execute(
        "SELECT publish_events(json_build_array(%s::json))", [event(topic, "from SQL").raw.decode()]
    )
    with stopped_holder(database, 2, "copy"), movers(database):
        until(
            lambda: scalar(connection, "SELECT array_agg(event_id) FROM inbox") == ["from SQL"],
            deadline_seconds=15,
        )
