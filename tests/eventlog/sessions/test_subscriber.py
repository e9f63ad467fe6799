"""A copy of a log by logical replication takes nothing from anybody else, until it takes over."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Literal

from eventlog.embedded import EmbeddedServer
from eventlog.sessions import replication_guard as subscriber
from eventlog.sessions.database import connect
from eventlog.settings import load_settings
from projections.doctor import examine
from projections.install import set_up
from tests.projections.doctor.conftest import NOBODY_LISTENS, by_name
from tests.support.api import running_api
from tests.support.events import event
from tests.support.postgres import FAST, PARTITIONS, quick_directory
from tests.support.projecting import workers
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
OPTIONS = FAST | {"wal_level": "logical"}


@pytest.fixture
def publisher(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with quick_directory() as place, EmbeddedServer(place, bindir=bindir, options=OPTIONS) as running:
        set_up(running.dsn, PARTITIONS)
        yield running


@pytest.fixture
def copy(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with quick_directory() as place, EmbeddedServer(place, bindir=bindir, options=OPTIONS) as running:
        set_up(running.dsn, PARTITIONS)
        yield running


def test_a_subscriber_refuses_publishes_until_it_takes_over(
    publisher: EmbeddedServer, copy: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "LOOK_SECONDS", 0.1)
    with (
        running_api(publisher.dsn) as there,
        running_api(copy.dsn) as here,
        httpx2.Client(base_url=there, timeout=15) as source,
        httpx2.Client(base_url=here, timeout=15) as client,
        psycopg.connect(publisher.superuser_dsn, autocommit=True) as publishing,
        psycopg.connect(copy.superuser_dsn, autocommit=True) as subscribing,
    ):
        publishing.execute("CREATE PUBLICATION log FOR TABLE eventlog.inbox")
        subscribing.execute(
            SQL("CREATE SUBSCRIPTION copying CONNECTION {} PUBLICATION log").format(
                Literal(publisher.superuser_dsn)
            )
        )
        # The service on the copy has long been connected.
        until(lambda: client.get("/readyz").status_code == 503)
        refused = client.post("/publish", json=event(event_id="refused"))
        assert (refused.status_code, refused.json()["code"]) == (503, "log_subscribed")
        assert "subscription copying" in refused.json()["detail"]
        assert refused.headers["Retry-After"] == "30"
        with connect(copy.dsn, "owner", "test") as owner:
            owner.execute("SELECT publish_events(%s)", [json.dumps([event(event_id="within")])])
        finding = by_name(examine(load_settings(dsn=copy.dsn, url=NOBODY_LISTENS)))["subscriptions"]
        assert finding.status == "warning"
        assert "ALTER SUBSCRIPTION copying DISABLE" in finding.mend

        # What comes from the log itself is projected here, and nothing stands in its way.
        for number in range(5):
            assert source.post("/publish", json=event(event_id=str(number))).status_code == 202
        until(lambda: client.get("/stats").json()["unique_processed"] == 5)

        subscribing.execute("ALTER SUBSCRIPTION copying DISABLE")
        until(lambda: client.post("/publish", json=event(event_id="taken over")).status_code == 202)
        # And so is what waited in the outbox.
        until(lambda: client.get("/stats").json()["unique_processed"] == 7)
        assert client.get("/stats").json()["balanced"]
        subscribing.execute("DROP SUBSCRIPTION copying")


def test_workers_do_not_record_steps_where_steps_are_copied(
    publisher: EmbeddedServer, copy: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "LOOK_SECONDS", 0.1)
    with (
        psycopg.connect(publisher.superuser_dsn, autocommit=True) as publishing,
        psycopg.connect(copy.superuser_dsn, autocommit=True) as subscribing,
        workers(copy.dsn) as [worker],
    ):
        until(lambda: worker.connected)
        publishing.execute("CREATE PUBLICATION steps FOR TABLE eventlog.steps")
        subscribing.execute(
            SQL("CREATE SUBSCRIPTION steps CONNECTION {} PUBLICATION steps").format(
                Literal(publisher.superuser_dsn)
            )
        )
        until(lambda: not worker.connected)
        subscribing.execute("DROP SUBSCRIPTION steps")
        until(lambda: worker.connected)
