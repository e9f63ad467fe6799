"""Try a projection: whatever the batches, the workers and the crashes, its rows must be the same."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg.sql import Identifier

from eventlog.intake import PublishLimits, parse
from eventlog.log.append import append_durably, encode
from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement
from projections.custom.discovery import Discovered, load
from projections.install import find, install_own, set_up
from projections.pool import WorkerPool
from projections.projection import Projection
from projections.quarantine.retry import Selection, retry, select
from projections.rebuilding.rebuild import rebuild

# Settings without durability: nobody pulls the plug on a test.
UNSAFE_AND_FAST = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "100"}
PARTITIONS = 4
LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=64 << 20, batch_events=100_000)
POLL_SECONDS = 0.01
# A projection that fails is tried again by itself; if that does not help, it is broken.
FAILING_SECONDS_MAX = 1.0
STUCK_SECONDS_MAX = 60.0
# SQLSTATE of a CHECK that does not hold.
REFUSED = "23514"

Rows = Sequence[tuple[Any, ...]]
_numbers = count(1)


class Way(msgspec.Struct, frozen=True):
    """One way to play a log.

    crashes: how often all workers are ended in the middle of it. rebuilt: then played again beside it.
    retried: a third of the events is refused at first, and retried at the end, the last one first.
    """

    batch_size: int
    workers: int
    crashes: int = 0
    rebuilt: bool = False
    retried: bool = False

    def fits(self, projection: Projection) -> bool:
        """Say whether a projection can be played this way."""
        return not self.retried or (projection.has("undo.sql") and projection.each == "event")

    def __str__(self) -> str:
        crashed = f", crashed {self.crashes} times" if self.crashes else ""
        then = ", and rebuilt" if self.rebuilt else ", and a third retried" if self.retried else ""
        return f"played in batches of {self.batch_size} by {self.workers} worker(s){crashed}{then}"


WAYS = (
    *(Way(1000, 1), Way(1, 1), Way(2, 2), Way(7, 8), Way(1, 2, crashes=3)),
    *(Way(5, 2, rebuilt=True), Way(3, 1, retried=True)),
)


class Trial:
    """Plays projections into databases of their own, which the superuser creates for the role of `dsn`."""

    def __init__(self, dsn: str, superuser_dsn: str) -> None:
        self._dsn = dsn
        self._superuser_dsn = superuser_dsn

    def __call__(
        self,
        folder: str | Path,
        *,
        events: Sequence[Mapping[str, Any]],
        rows: Mapping[str, Rows],
        quarantined: Sequence[str] = (),
        ways: Sequence[Way] = WAYS,
    ) -> None:
        """Play the events in many ways and compare what each query gives, in whatever order.

        Where a projection takes each event once, all events are delivered twice.

        Args:
            folder: the projection's, with its projection.py.
            events: as POST /publish takes them, in the order of delivery.
            rows: query → the rows that it must give. The stable views and the projection's tables resolve
                by their names; moments are in UTC.
            quarantined: the event_ids that the projection cannot digest.
            ways: the ways of playing to try; those that do not fit the projection are left out.

        Raises AssertionError that says what differs, in which way of playing.
        """
        projection = load(Path(folder))
        with self._database("template1") as template:
            self._prepare(template, projection, events)
            for way in (way for way in ways if way.fits(projection)):
                with self._database(template) as name:
                    self._check(self._at(name), projection, way, rows, sorted(quarantined))

    def _prepare(self, name: str, projection: Projection, events: Sequence[Mapping[str, Any]]) -> None:
        dsn = self._at(name)
        set_up(dsn, PARTITIONS)
        faults = install_own(dsn, Discovered((projection,), ())).faults
        assert not faults, "; ".join(faults)
        _require_keys(dsn, projection)
        if not events:
            return
        body = msgspec.json.encode(list(events))
        accepted = parse(body, ndjson=False, limits=LIMITS).events
        with connect(dsn, "appender", "append") as connection:
            for _ in range(2 if projection.each == "event" else 1):
                append_durably(connection, [encode(accepted, PARTITIONS, uuid4().bytes)])

    def _check(
        self, dsn: str, projection: Projection, way: Way, rows: Mapping[str, Rows], quarantined: list[str]
    ) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            _play(dsn, connection, projection, way)
            named = {"projection": projection.name}
            aside = connection.execute(statement("trial/quarantined"), named).fetchall()
            assert sorted(delivery for (delivery,) in aside) == quarantined, (
                f"{way}: in quarantine are {aside}"
            )
            live = find(connection, projection.name)
            assert live is not None
            connection.execute(statement("trial/search_path"), {"schema": live.schema_name})
            for query, expected in rows.items():
                actual = connection.execute(query.encode()).fetchall()
                assert _sorted(actual) == _sorted(expected), f"{way}: {query}"

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"trial_{next(_numbers)}"
        with psycopg.connect(self._superuser_dsn, autocommit=True) as connection:
            connection.execute(
                statement("trial/create_database").format(
                    name=Identifier(name), template=Identifier(template)
                )
            )
            try:
                yield name
            finally:
                connection.execute(statement("trial/drop_database").format(name=Identifier(name)))

    def _at(self, name: str) -> str:
        return make_conninfo(self._dsn, dbname=name)


def _require_keys(dsn: str, projection: Projection) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        live = find(connection, projection.name)
        assert live is not None
        schema = Identifier(live.schema_name or "").as_string()
        keyless = [table for (table,) in connection.execute(statement("trial/keyless"), {"schema": schema})]
    assert not keyless, (
        f"{', '.join(keyless)} has no primary key: in a database that is replicated (a publication FOR ALL "
        "TABLES), PostgreSQL refuses to update and delete its rows, and the projection stands still"
    )


def _play(dsn: str, connection: psycopg.Connection[TupleRow], projection: Projection, way: Way) -> None:
    if not way.retried:
        _project(dsn, connection, projection, way)
        return
    live = find(connection, projection.name)
    assert live is not None
    schema = Identifier(live.schema_name or "")
    connection.execute(statement("trial/refuse_a_third").format(schema=schema))
    _project(dsn, connection, projection, way)
    connection.execute(statement("trial/refuse_no_more").format(schema=schema))
    refused = select(connection, Selection(projection=projection.name, sqlstate=REFUSED))
    for delivery in reversed(refused):
        retry(dsn, projection, [delivery])


def _project(dsn: str, connection: psycopg.Connection[TupleRow], projection: Projection, way: Way) -> None:
    pool = WorkerPool(dsn, count=way.workers, batch_size=way.batch_size, projections=[projection])
    pool.start()
    try:
        for _ in range(way.crashes):
            _wait(connection, projection, way, deliveries=1)
            connection.execute(statement("trial/crash_workers"))
        _wait(connection, projection, way)
        if way.rebuilt:
            rebuild(dsn, projection, in_process=True)
    finally:
        pool.stop()


def _wait(connection: Connection, projection: Projection, way: Way, deliveries: int | None = None) -> None:
    """Wait until this many deliveries were played; without a number, until all were."""
    before, _ = _progress(connection, projection)
    target = 0 if deliveries is None else max(0, before - deliveries)
    last, moved = before, time.monotonic()
    while True:
        lag, failure = _progress(connection, projection)
        if lag <= target:
            return
        if lag != last:
            last, moved = lag, time.monotonic()
        still = time.monotonic() - moved
        assert not (failure and still > FAILING_SECONDS_MAX), f"{way}: the projection fails: {failure}"
        assert still < STUCK_SECONDS_MAX, f"{way}: {lag} deliveries are left and nothing happens"
        time.sleep(POLL_SECONDS)


def _progress(connection: Connection, projection: Projection) -> tuple[int, str | None]:
    row = connection.execute(statement("trial/progress"), {"projection": projection.name}).fetchone()
    assert row is not None
    lag, failure = row
    return lag, failure


def _sorted(rows: Rows) -> list[tuple[Any, ...]]:
    """Return rows in an order of their own; None and numbers do not compare."""
    return sorted(rows, key=repr)
