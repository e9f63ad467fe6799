"""Logins that come and go, each acting as the owner; and one that has no rights."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.sessions.database import connect
from eventlog.settings import load_settings
from eventlog.statements import statement
from projections.doctor import examine
from projections.errors import OperationRefused
from projections.install import set_up
from projections.operations import operation
from tests.eventlog.sessions.test_pooler import ended_as
from tests.projections.doctor.conftest import NOBODY_LISTENS, by_name
from tests.support.api import running_api
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.events import event
from tests.support.sessions import scalar, waiting_for_locks
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def as_login(dsn: str, login: str) -> str:
    return dsn.replace("://eventlog@", f"://{login}:secret@")


@pytest.fixture
def logins(superuser_dsn: str) -> Iterator[tuple[str, str, str]]:
    """Make two logins as a secrets manager does, a role a lease, and one of a stranger."""
    names = ("lease_one", "lease_two", "stranger")
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        for name in names:
            superuser.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(Identifier(name)))
        for name in names[:2]:
            superuser.execute(SQL("GRANT eventlog TO {}").format(Identifier(name)))
            superuser.execute(SQL("ALTER ROLE {} SET role = 'eventlog'").format(Identifier(name)))
        yield names
        for name in names:
            superuser.execute(SQL("DROP ROLE {}").format(Identifier(name)))


def test_a_login_that_acts_as_the_owner_does_everything(database: str, logins: tuple[str, str, str]) -> None:
    one, two, _ = (as_login(database, login) for login in logins)
    assert set_up(one) == []
    with running_api(one) as url, httpx2.Client(base_url=url, timeout=15) as client:
        published = client.post("/publish", json=event(), headers={"Prefer": "wait=10"})
        assert published.json()["results"][0]["outcome"] == "unique"
        assert client.post("/sql", json={"sql": "SELECT 1"}).status_code == 200
        for kind in ("verify", "rebuild"):
            begun = client.post(f"/projections/core/{kind}")
            assert begun.status_code == 202, begun.text
            assert ended_as(client, begun.headers["Location"]) == "done"
        # Those of another lease see that an operation is under way, and that it has ended.
        with (
            operation(two, "rebuild", "core") as under_way,
            pytest.raises(OperationRefused, match=str(under_way.id)),
            operation(one, "rebuild", "core"),
        ):
            pass
        assert client.get(f"/operations/{under_way.id}").json()["state"] == "done"
        with operation(one, "rebuild", "core"):
            pass
    found = examine(load_settings(dsn=two, url=NOBODY_LISTENS)).findings
    assert {finding.name for finding in found if finding.status == "failed"} == {"fsync"}


def test_a_login_without_rights_is_told_by_the_doctor(database: str, logins: tuple[str, str, str]) -> None:
    found = by_name(examine(load_settings(dsn=as_login(database, logins[2]), url=NOBODY_LISTENS)))
    assert found["schema"].status == "failed"
    assert "stranger may not read it" in found["schema"].found


def test_one_login_frees_the_order_lock_that_another_one_holds(
    database: str, superuser_dsn: str, connection: Connection, logins: tuple[str, str, str]
) -> None:
    one, two, _ = (as_login(database, login) for login in logins)
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("GRANT pg_signal_backend, pg_read_all_stats TO eventlog")
        try:
            with closing(psycopg.connect(one)) as holder, ThreadPoolExecutor(1) as appending:
                holder.execute("SELECT FROM partitions FOR UPDATE")
                appended = appending.submit(append_events, database, [made()])
                until(lambda: waiting_for_locks(connection, "eventlog append") == 1)
                waiting = scalar(
                    connection,
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'eventlog append'"
                    " AND datname = current_database()",
                )
                with connect(two, "owner", "watch") as watch:
                    ended = watch.execute(
                        statement("append/terminate_holders"), {"waiting": waiting, "held_seconds": 0}
                    ).fetchall()
                assert ended == [(holder.info.backend_pid, True)]
                assert len(appended.result(10)) == 1
        finally:
            superuser.execute("REVOKE pg_signal_backend, pg_read_all_stats FROM eventlog")
