"""Look at other sessions of the test's database, and end them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]


def terminate(observer: Connection, name: str) -> int:
    """End all sessions of an application name, `eventlog append` for one; return how many there were."""
    return len(
        observer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()",
            [name],
        ).fetchall()
    )


def waiting_for_locks(observer: Connection, name: str) -> int:
    """Return how many sessions of an application name wait for a lock."""
    row = observer.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        " AND datname = current_database() AND wait_event_type = 'Lock'",
        [name],
    ).fetchone()
    assert row is not None
    return int(row[0])


def scalar(connection: Connection, query: str, *values: object) -> object:
    """Return the one value of a query."""
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def order_lock_held(dsn: str) -> Iterator[None]:
    """Hold the order lock of all partitions: whoever appends waits."""
    with psycopg.connect(dsn) as holder:
        holder.execute("SELECT FROM eventlog.partitions ORDER BY partition FOR UPDATE")
        yield
