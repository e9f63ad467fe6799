"""An idle worker is woken by a notification, and finds work by itself when one is lost."""

from functools import partial

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.deliveries import append_events, event
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def test_a_notification_wakes_an_idle_worker(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.POLL_SECONDS", 3600.0)
    with workers(database) as running:
        until(lambda: running[0].connected)
        until(lambda: looks_for_work(connection))
        for _ in range(3):
            append_events(database, [event()])
            connection.execute("NOTIFY eventlog_appended")
            until(lambda: lag(connection) == 0)


def test_a_stop_ends_the_wait_of_an_idle_worker(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.POLL_SECONDS", 3600.0)
    with workers(database):
        until(lambda: looks_for_work(connection))


def looks_for_work(observer: Connection) -> object:
    """Return when an idle worker last looked for something to do; None while it never did."""
    return scalar(
        observer,
        "SELECT max(query_start) FROM pg_stat_activity WHERE application_name = 'eventlog worker'"
        " AND datname = current_database() AND state = 'idle' AND query LIKE '%FROM eventlog.claims%'",
    )


def looks_again(observer: Connection, known: tuple[object, object]) -> bool:
    return looks_for_work(observer) not in known


def test_a_lost_notification_costs_a_poll_and_nothing_else(database: str, connection: Connection) -> None:
    with workers(database):
        # Before its first look it would find them without a poll.
        until(lambda: looks_for_work(connection))
        append_events(database, [event()])
        until(lambda: lag(connection) == 0)


def test_an_idle_worker_looks_and_claims_nothing(database: str, connection: Connection) -> None:
    """An empty claim would burn a transaction id."""
    with workers(database):
        for _ in range(3):
            known = (None, looks_for_work(connection))
            until(partial(looks_again, connection, known))
    assert scalar(connection, "SELECT array_agg(DISTINCT xmax::text) FROM claims") == ["0"]
