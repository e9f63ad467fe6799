"""The writer when its database goes away, hangs, or does not say how a commit ended."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.errors import DatabaseUnavailable, OutcomeUnknown
from eventlog.failpoints import FailpointError
from eventlog.log.append import PositionRange
from eventlog.log.writer import Writer
from tests.support.deliveries import deliveries, event, topic_in
from tests.support.sessions import order_lock_held, scalar, terminate, waiting_for_locks
from tests.support.waiting import until
from tests.support.writing import writer

Connection = psycopg.Connection[TupleRow]

TOPIC = topic_in(0)


async def publish(own: Writer, event_id: str) -> list[PositionRange]:
    return await asyncio.wait_for(own.submit(deliveries(event(TOPIC, event_id))), 10)


async def publish_until_accepted(own: Writer, event_id: str) -> list[PositionRange]:
    """Publish again while the database is away, as a client would."""
    async with asyncio.timeout(15):
        while True:
            try:
                return await publish(own, event_id)
            except OutcomeUnknown:
                raise
            except DatabaseUnavailable:
                await asyncio.sleep(0.02)


def test_callers_hear_at_once_that_the_database_is_away_and_it_recovers_by_itself(
    server: EmbeddedServer, database: str
) -> None:
    async def through_a_restart() -> None:
        async with writer(database) as own:
            await publish(own, "before")
            server.stop()
            try:
                for n in range(20):
                    with pytest.raises(DatabaseUnavailable):
                        await asyncio.wait_for(publish(own, f"away-{n}"), 2)
            finally:
                server.start()
            await publish_until_accepted(own, "after")

    asyncio.run(through_a_restart())
    with psycopg.connect(database) as connection:
        stored = [row[0] for row in connection.execute("SELECT event_id FROM inbox ORDER BY position")]
    assert stored == ["before", "after"]


def test_killed_while_it_waits_for_the_lock_surely_nothing_was_appended(
    database: str, connection: Connection
) -> None:
    async def killed() -> None:
        async with writer(database) as own:
            with order_lock_held(database):
                answer = own.submit(deliveries(event(TOPIC)))
                until(lambda: waiting_for_locks(connection, "eventlog append") == 1)
                terminate(connection, "eventlog append")
                with pytest.raises(DatabaseUnavailable) as raised:
                    await asyncio.wait_for(answer, 10)
                assert not isinstance(raised.value, OutcomeUnknown)
            await publish_until_accepted(own, "after")

    asyncio.run(killed())
    assert scalar(connection, "SELECT array_agg(event_id) FROM inbox") == ["after"]


@pytest.fixture
def standby_missing(superuser_dsn: str) -> Iterator[Connection]:
    """Have every commit wait for a standby that is not there."""
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("SET synchronous_commit = local")
        with setting(superuser, "synchronous_standby_names", "nosuch"):
            wait_until_commits_wait(superuser_dsn, superuser)
            yield superuser


def wait_until_commits_wait(superuser_dsn: str, superuser: Connection) -> None:
    """Commit until a commit hangs: the setting is in force only when the checkpointer has read it."""
    with ThreadPoolExecutor(1) as pool, closing(psycopg.connect(superuser_dsn, autocommit=True)) as probe:
        pid = probe.info.backend_pid
        probing = pool.submit(commit_until_terminated, probe)
        until(
            lambda: (
                scalar(superuser, "SELECT wait_event FROM pg_stat_activity WHERE pid = %s", pid) == "SyncRep"
            )
        )
        superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
        probing.result(10)


def commit_until_terminated(probe: Connection) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            probe.execute("SELECT pg_logical_emit_message(true, 'probe', '')")


@contextmanager
def setting(superuser: Connection, name: str, value: str) -> Iterator[None]:
    superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    superuser.execute("SELECT pg_reload_conf()")
    until(lambda: scalar(superuser, f"SELECT current_setting('{name}')") == value)
    try:
        yield
    finally:
        superuser.execute(f"ALTER SYSTEM RESET {name}".encode())
        superuser.execute("SELECT pg_reload_conf()")
        until(lambda: scalar(superuser, f"SELECT current_setting('{name}')") == "")


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_that_no_standby_confirmed_has_an_unknown_outcome(
    database: str, standby_missing: Connection, end: str
) -> None:
    """Cancelled, PostgreSQL commits with a warning; terminated, it commits and never says so."""
    committing = (
        "FROM pg_stat_activity WHERE application_name = 'eventlog append' AND wait_event = 'SyncRep'"
        " AND datname = current_database()"
    )

    async def unconfirmed() -> None:
        async with writer(database) as own:
            answer = own.submit(deliveries(event(TOPIC, "perhaps")))
            until(lambda: scalar(standby_missing, f"SELECT count(*) {committing}") == 1)
            standby_missing.execute(f"SELECT {end}(pid) {committing}".encode())
            with pytest.raises(OutcomeUnknown):
                await asyncio.wait_for(answer, 10)

    asyncio.run(unconfirmed())
    assert scalar(standby_missing, "SELECT array_agg(event_id) FROM eventlog.inbox") == ["perhaps"]


def test_what_fails_after_the_commit_is_told_and_the_next_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_at(name: str) -> None:
        raise FailpointError(name)

    async def publish_twice() -> None:
        async with writer(database) as own:
            with monkeypatch.context() as patch:
                patch.setattr("eventlog.log.writer.hit", fail_at)
                with pytest.raises(OutcomeUnknown):
                    await publish(own, "failed")
            assert await publish(own, "next")

    asyncio.run(publish_twice())
