"""Behind a pooler a session is one of ours, or there is none."""

import asyncio

import httpx2
import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.errors import PoolerUnsuitable
from eventlog.sessions.database import connect
from eventlog.sessions.pinned_settings import Role, pins
from eventlog.settings import load_settings
from projections.doctor import examine
from projections.read.session import open_reader
from tests.projections.doctor.conftest import NOBODY_LISTENS, by_name
from tests.support.api import running_api
from tests.support.command_line import eventlog
from tests.support.events import event
from tests.support.pooler import needs_pgbouncer, needs_pgpool, pgbouncer, pgpool
from tests.support.sessions import scalar
from tests.support.waiting import until

pytestmark = needs_pgbouncer  # pgpool2 is looked for where it is used

# What to tell PgBouncer so that it lets startup options pass, to drop them; without, it refuses them.
DROPPING = "ignore_startup_parameters = options"
ROLES: list[Role] = ["appender", "projector", "reader", "owner"]


@pytest.mark.parametrize("further", ["", DROPPING], ids=["refusing", "dropping"])
def test_by_session_every_session_has_its_role_and_its_settings(
    server: EmbeddedServer, database_name: str, further: str
) -> None:
    with pgbouncer(server, "session", database_name, further=further) as dsn:
        for role in ROLES:
            with connect(dsn, role, "test") as session:
                assert session.pooled
                assert session.backend_pid == scalar(session, "SELECT pg_backend_pid()")
                expected = f"eventlog_{role}" if role != "owner" else "eventlog"
                assert scalar(session, "SELECT current_user") == expected
                for name, value in pins(role).items():
                    shown = str(scalar(session, "SELECT current_setting(%s)", name))
                    assert shown.replace(" ", "") == value.replace(" ", ""), name

        async def read() -> object:
            async with await open_reader(dsn, "test") as reader:
                return await (
                    await reader.execute("SELECT current_user, current_setting('statement_timeout')")
                ).fetchone()

        assert asyncio.run(read()) == ("eventlog_reader", "30s")


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize(
    "further", ["", DROPPING, f"{DROPPING}\nserver_round_robin = 1"], ids=["", "dropping", "round"]
)
def test_by_transaction_or_statement_it_is_refused(
    server: EmbeddedServer, database_name: str, mode: str, further: str
) -> None:
    with pgbouncer(server, mode, database_name, further=further) as dsn:
        with pytest.raises(PoolerUnsuitable, match=f"for each {mode}"):
            connect(dsn, "owner", "test")
        with pytest.raises(PoolerUnsuitable):
            asyncio.run(open_reader(dsn, "test"))


def test_what_was_refused_leaves_nothing_to_others(server: EmbeddedServer, database_name: str) -> None:
    with pgbouncer(server, "transaction", database_name, size=1) as dsn:
        with pytest.raises(PoolerUnsuitable):
            connect(dsn, "reader", "test")
        with psycopg.connect(dsn, autocommit=True) as other:
            assert scalar(other, "SELECT current_user") == "eventlog"
            assert scalar(other, "SELECT current_setting('statement_timeout')") == "0"


def test_the_doctor_names_the_pooler(server: EmbeddedServer, database_name: str) -> None:
    with pgbouncer(server, "transaction", database_name) as dsn:
        examination = examine(load_settings(dsn=dsn, url=NOBODY_LISTENS))
        finding = by_name(examination)["connection"]
        assert finding.status == "failed"
        assert "connection pooler" in finding.found
        assert "pool_mode" in finding.mend
    with pgbouncer(server, "session", database_name) as dsn:
        finding = by_name(examine(load_settings(dsn=dsn, url=NOBODY_LISTENS)))["pooler"]
        assert (finding.status, finding.found) == (
            "ok",
            "one is between, and keeps each session on one backend",
        )


def ended_as(client: httpx2.Client, operation: str) -> str:
    def state() -> str:
        return str(client.get(operation).json()["state"])

    until(lambda: state() != "running")
    return state()


def test_the_service_works_behind_a_pooler(server: EmbeddedServer, database_name: str) -> None:
    with (
        pgbouncer(server, "session", database_name, further=DROPPING) as dsn,
        running_api(dsn) as url,
        httpx2.Client(base_url=url, timeout=15) as client,
    ):
        published = client.post("/publish", json=event(), headers={"Prefer": "wait=10"})
        assert published.json()["results"][0]["outcome"] == "unique"
        assert client.get("/health").json()["workers"] == 1
        asked = client.post("/sql", json={"sql": "SELECT count(*) FROM events"})
        assert asked.json()["rows"] == [[1]]
        for kind in ("verify", "rebuild"):
            place = client.post(f"/projections/core/{kind}").headers["Location"]
            assert ended_as(client, place) == "done"
        assert client.get("/stats").json()["balanced"]


def test_a_service_does_not_start_behind_one_that_splits_sessions(
    server: EmbeddedServer, database_name: str
) -> None:
    with pgbouncer(server, "transaction", database_name, further=DROPPING) as dsn:
        for command in ("api", "up", "worker"):
            ended = eventlog(
                command, EVENTLOG_DSN=dsn, EVENTLOG_PORT="0", EVENTLOG_ALLOW_UNSAFE_SETTINGS="true"
            )
            assert ended.returncode == 4
            assert "connection pooler" in ended.stderr
            assert "Traceback" not in ended.stderr


@needs_pgpool
def test_behind_pgpool_the_service_works_and_ended_workers_are_not_counted(
    server: EmbeddedServer, database_name: str
) -> None:
    with pgpool(server, database_name) as dsn:
        with running_api(dsn, workers=2) as url, httpx2.Client(base_url=url, timeout=15) as client:
            published = client.post("/publish", json=event(), headers={"Prefer": "wait=10"})
            assert published.json()["results"][0]["outcome"] == "unique"
            assert client.get("/stats").json()["workers"] == 2
        with running_api(dsn, workers=0) as url, httpx2.Client(base_url=url, timeout=15) as client:
            assert client.get("/health").json()["workers"] == 0
            assert client.get("/stats").json()["workers"] == 0
        finding = by_name(examine(load_settings(dsn=dsn, url=NOBODY_LISTENS)))["lag"]
        assert "0 workers connected" in finding.found
