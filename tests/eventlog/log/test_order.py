"""Positions are gap-free, in commit order, and a reader that has seen position n never looks back."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from eventlog.log.append import append, append_durably
from eventlog.log.partitions import partition_of
from tests.support.deliveries import append_events, appender, deliveries, event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.sessions import waiting_for_locks
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

APPENDERS = 16
APPENDS = 25
EACH = 3


class Reader:
    """Polls `position > cursor` of one partition all the time, as a projection or a tail would."""

    def __init__(self, dsn: str, partition: int) -> None:
        self._dsn = dsn
        self._partition = partition
        self.seen: list[str] = []
        self.polls = 0
        self.stop = threading.Event()

    def run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self.stop.is_set():
                self._poll(connection)
            self._poll(connection)

    def _poll(self, connection: Connection) -> None:
        rows = connection.execute(
            "SELECT position, event_id FROM inbox WHERE partition = %s AND position > %s ORDER BY position",
            [self._partition, len(self.seen)],
        ).fetchall()
        expected = list(range(len(self.seen) + 1, len(self.seen) + 1 + len(rows)))
        assert [position for position, _ in rows] == expected, "a reader saw a gap"
        self.seen += [event_id for _, event_id in rows]
        self.polls += 1


@contextmanager
def reading(dsn: str, partition: int) -> Iterator[Reader]:
    reader = Reader(dsn, partition)
    with ThreadPoolExecutor(1) as pool:
        finished = pool.submit(reader.run)
        try:
            yield reader
        finally:
            reader.stop.set()
            finished.result(10)


def publish(dsn: str, publisher: int, topic: Callable[[int], str]) -> None:
    """Append a few times over a connection of one's own: ids say who and in which order."""
    with appender(dsn) as connection:
        for turn in range(APPENDS):
            ids = [f"{publisher}-{turn * EACH + n}" for n in range(EACH)]
            append_durably(connection, [deliveries(*(event(topic(turn), id_) for id_ in ids))])


def publish_at_once(dsn: str, topic: Callable[[int], str]) -> None:
    with ThreadPoolExecutor(APPENDERS) as pool:
        for finished in [pool.submit(publish, dsn, publisher, topic) for publisher in range(APPENDERS)]:
            finished.result(60)


def assert_own_order_kept(event_ids: list[str]) -> None:
    turns = defaultdict(list)
    for event_id in event_ids:
        publisher, turn = event_id.split("-")
        turns[publisher].append(int(turn))
    assert all(own == sorted(own) for own in turns.values())


def test_sixteen_appenders_on_one_topic_leave_no_gap_and_keep_their_own_order(database: str) -> None:
    topic = topic_in(2)
    with reading(database, 2) as reader:
        publish_at_once(database, lambda _: topic)
    assert len(reader.seen) == APPENDERS * APPENDS * EACH
    assert_own_order_kept(reader.seen)


def test_sixteen_appenders_on_many_topics_leave_no_gap_in_any_partition(
    database: str, connection: Connection
) -> None:
    publish_at_once(database, lambda turn: topic_in(turn % PARTITIONS))
    rows = connection.execute(
        "SELECT partition, count(*), min(position), max(position), array_agg(event_id ORDER BY position)"
        " FROM inbox GROUP BY partition ORDER BY partition"
    ).fetchall()
    assert len(rows) == PARTITIONS
    for _, count, first, last, event_ids in rows:
        assert (first, last) == (1, count)
        assert_own_order_kept(event_ids)
    assert sum(row[1] for row in rows) == APPENDERS * APPENDS * EACH


def test_a_reader_misses_nothing_while_an_append_is_held_open(database: str, connection: Connection) -> None:
    with reading(database, 1) as reader, appender(database) as slow, ThreadPoolExecutor(2) as pool:
        append_events(database, [event(topic_in(1), "before")])
        with slow.transaction():
            append(slow, [deliveries(event(topic_in(1), "held"))])
            behind = pool.submit(append_events, database, [event(topic_in(1), "behind")])
            append_events(database, [event(topic_in(3), "another partition goes on")])
            until(lambda: waiting_for_locks(connection, "eventlog append") == 1)
            polls = reader.polls
            until(lambda: reader.polls > polls + 20)
            assert reader.seen == ["before"]
        behind.result(10)
        until(lambda: len(reader.seen) == 3)
    assert reader.seen == ["before", "held", "behind"]


def test_received_at_never_runs_backwards_in_a_partition(database: str, connection: Connection) -> None:
    publish_at_once(database, lambda turn: topic_in(turn % PARTITIONS))
    backwards = connection.execute(
        "SELECT count(*) FROM inbox AS later JOIN inbox AS earlier USING (partition)"
        " WHERE later.position = earlier.position + 1 AND later.received_at < earlier.received_at"
    ).fetchone()
    assert backwards == (0,)


def test_an_append_says_where_its_deliveries_lie(database: str, connection: Connection) -> None:
    events = [event(f"topic.{n % 7}", f"id-{n}") for n in range(30)]
    with appender(database) as own:
        batches = [deliveries(*events[:10]), deliveries(*events[10:])]
        places = append_durably(own, batches)
    for batch, batch_places in zip((events[:10], events[10:]), places, strict=True):
        stored = [
            event_id
            for place in batch_places
            for (event_id,) in connection.execute(
                "SELECT event_id FROM inbox"
                " WHERE partition = %s AND position BETWEEN %s AND %s ORDER BY position",
                place,
            )
        ]
        expected = sorted(batch, key=lambda item: partition_of(item.topic, PARTITIONS))
        assert stored == [item.event_id for item in expected]
