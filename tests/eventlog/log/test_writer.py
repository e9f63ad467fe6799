"""Group commit: whoever hands deliveries to the writer is answered after the commit, whatever others do."""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.errors import ContentRefused, DatabaseUnavailable, QueueFull
from eventlog.events import AcceptedEvent
from eventlog.log.append import PositionRange
from eventlog.log.writer import Writer
from tests.support.deliveries import deliveries, event, topic_in
from tests.support.sessions import order_lock_held, scalar
from tests.support.writing import writer

Connection = psycopg.Connection[TupleRow]

TOPIC = topic_in(0)


def one(event_id: str | None = None) -> AcceptedEvent:
    return event(TOPIC, event_id)


def test_what_comes_meanwhile_shares_one_commit_and_each_caller_gets_its_own_place(
    database: str, connection: Connection
) -> None:
    async def publish() -> list[list[PositionRange]]:
        async with writer(database) as own:
            with order_lock_held(database):
                answers = [own.submit(deliveries(one(f"{n}-a"), one(f"{n}-b"))) for n in range(100)]
            return await asyncio.gather(*answers)

    places = asyncio.run(publish())
    assert places == [[PositionRange(0, 2 * n + 1, 2 * n + 2)] for n in range(100)]
    assert scalar(connection, "SELECT array_agg(event_id ORDER BY position) FROM inbox") == [
        f"{n}-{letter}" for n in range(100) for letter in "ab"
    ]
    commits = scalar(connection, "SELECT count(DISTINCT xmin::text) FROM inbox")
    assert isinstance(commits, int)
    assert commits <= 3


def test_a_cancelled_request_harms_no_other_and_its_deliveries_are_appended(
    database: str, connection: Connection
) -> None:
    async def publish() -> list[list[PositionRange]]:
        async with writer(database) as own:
            with order_lock_held(database):
                answers = [own.submit(deliveries(one())) for _ in range(9)]
                for answer in answers[::2]:
                    answer.cancel()
            return await asyncio.gather(*answers[1::2])

    assert asyncio.run(publish()) == [[PositionRange(0, n, n)] for n in (2, 4, 6, 8)]
    assert scalar(connection, "SELECT count(*) FROM inbox") == 9


def test_a_request_that_postgresql_refuses_fails_alone(database: str, connection: Connection) -> None:
    async def publish() -> list[list[PositionRange] | BaseException]:
        async with writer(database) as own:
            with order_lock_held(database):
                no_json = AcceptedEvent(TOPIC, "bad", b'{"topic":')
                answers = [own.submit(deliveries(item)) for item in (one("first"), no_json, one("last"))]
            return await asyncio.gather(*answers, return_exceptions=True)

    first, bad, last = asyncio.run(publish())
    assert (first, last) == ([PositionRange(0, 1, 1)], [PositionRange(0, 2, 2)])
    assert isinstance(bad, ContentRefused)
    assert scalar(connection, "SELECT count(*) FROM inbox") == 2


@pytest.mark.parametrize("bounds", [{"queue_events_max": 10}, {"queue_bytes_max": 2_000}], ids=str)
def test_a_full_queue_refuses_at_once_and_takes_again_later(database: str, bounds: dict[str, Any]) -> None:
    async def publish() -> int:
        async with writer(database, **bounds) as own:
            with order_lock_held(database):
                accepted = [own.submit(deliveries(one()))]
                with suppress(QueueFull):
                    while len(accepted) < 20:
                        accepted.append(own.submit(deliveries(one())))
                assert own.queue_size == len(accepted)
            await asyncio.gather(*accepted)
            await own.submit(deliveries(one()))
            return len(accepted)

    assert 5 <= asyncio.run(publish()) <= 11


def test_a_request_larger_than_the_queue_is_taken_when_nothing_waits(database: str) -> None:
    async def publish() -> list[PositionRange]:
        async with writer(database, queue_events_max=10) as own:
            return await own.submit(deliveries(*(one() for _ in range(50))))

    assert asyncio.run(publish()) == [PositionRange(0, 1, 50)]


def test_closing_appends_all_that_was_handed_over_and_takes_no_more(
    database: str, connection: Connection
) -> None:
    async def publish() -> None:
        own = Writer(database, queue_events_max=50_000, queue_bytes_max=32 << 20)
        with order_lock_held(database):
            answers = [own.submit(deliveries(one())) for _ in range(50)]
            closing = asyncio.create_task(own.close())
            await asyncio.sleep(0)
            with pytest.raises(DatabaseUnavailable, match="shutting down"):
                own.submit(deliveries(one()))
        await closing
        await asyncio.wait_for(asyncio.gather(*answers), 5)

    asyncio.run(publish())
    assert scalar(connection, "SELECT count(*) FROM inbox") == 50


def test_four_writers_keep_each_publishers_order_on_one_topic(database: str, connection: Connection) -> None:
    async def publish(own: Writer, publisher: str) -> None:
        answers = [own.submit(deliveries(one(f"{publisher}-{turn:03}"))) for turn in range(30)]
        await asyncio.gather(*answers)

    async def publish_at_once() -> None:
        async with writer(database) as a, writer(database) as b, writer(database) as c, writer(database) as d:
            await asyncio.gather(
                *(publish(own, f"{n}{m}") for n, own in enumerate((a, b, c, d)) for m in range(4))
            )

    asyncio.run(publish_at_once())
    rows = connection.execute("SELECT position, event_id FROM inbox ORDER BY position").fetchall()
    assert [position for position, _ in rows] == list(range(1, 16 * 30 + 1))
    by_publisher: dict[str, list[str]] = {}
    for _, event_id in rows:
        by_publisher.setdefault(event_id.split("-")[0], []).append(event_id)
    assert all(own == sorted(own) for own in by_publisher.values())
    assert len(by_publisher) == 16
