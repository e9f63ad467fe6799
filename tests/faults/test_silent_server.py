"""A server that is connected and silent: nobody waits for ever, or hears what is not so."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.errors import DatabaseUnavailable, OutcomeUnknown
from eventlog.log.writer import Writer
from tests.faults.proxy import Proxy
from tests.support.deliveries import deliveries, event, topic_in
from tests.support.writing import writer

Connection = psycopg.Connection[TupleRow]

TOPIC = topic_in(0)
APPENDER = "eventlog append"


@pytest.fixture
def proxy(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr("eventlog.sessions.wire.SILENCE_SECONDS_MAX", 1.0)
    with Proxy(server.postmaster.socket_dir / f".s.PGSQL.{server.postmaster.port}") as opened:
        yield opened


async def publish(own: Writer, event_id: str) -> None:
    await asyncio.wait_for(own.submit(deliveries(event(TOPIC, event_id))), 15)


async def publish_until_accepted(own: Writer, event_id: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                return await publish(own, event_id)
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)


def stored(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT event_id FROM inbox ORDER BY position").fetchall()
    return [event_id for (event_id,) in rows]


@pytest.mark.parametrize("verb", ["half_open", "stall"])
def test_before_the_commit_nothing_is_appended_and_the_next_connection_works(
    verb: str, proxy: Proxy, database_name: str, connection: Connection
) -> None:
    async def published() -> None:
        async with writer(proxy.dsn(database_name)) as own:
            await publish(own, "before")
            proxy.inject(verb, application=APPENDER, times=1)
            with pytest.raises(DatabaseUnavailable) as raised:
                await publish(own, "unheard")
            assert not isinstance(raised.value, OutcomeUnknown)
            await publish_until_accepted(own, "after")
            proxy.heal()

    asyncio.run(published())
    assert stored(connection) == ["before", "after"]


@pytest.mark.parametrize(("at", "left"), [("commit", []), ("committed", ["perhaps"])])
def test_at_the_commit_its_outcome_is_unknown(
    at: str, left: list[str], proxy: Proxy, database_name: str, connection: Connection
) -> None:
    async def published() -> None:
        async with writer(proxy.dsn(database_name)) as own:
            await publish(own, "before")
            proxy.inject("half_open", application=APPENDER, times=1, at=at)
            with pytest.raises(OutcomeUnknown):
                await publish(own, "perhaps")
            await publish_until_accepted(own, "after")

    asyncio.run(published())
    assert stored(connection) == ["before", *left, "after"]
