"""With logins of their own, API, workers and auditor do all of their work, and the command line does too."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.sessions.database import connect
from eventlog.settings import load_settings
from eventlog.statements import statement
from projections.doctor import examine
from projections.projection import CORE
from projections.quarantine.retry import Selection, retry, select
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.eventlog.sessions.test_pooler import ended_as
from tests.operating.logins import Apart, server_with_passwords, set_apart
from tests.projections.doctor.conftest import NOBODY_LISTENS, by_name
from tests.support.api import running_api
from tests.support.command_line import eventlog
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.events import event
from tests.support.own import installed, write_projection
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar, waiting_for_locks
from tests.support.setting_aside import bad, good, set_aside
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'eventlog append' AND wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture(scope="module")
def apart(bindir: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with (
        server_with_passwords(bindir) as running,
        set_apart(running, "log", tmp_path_factory.mktemp("secrets")) as made,
    ):
        assert eventlog("protect", "--yes", EVENTLOG_DSN=made.superuser).returncode == 0
        yield made


@pytest.fixture(scope="module")
def client(apart: Apart) -> Iterator[httpx2.Client]:
    """Serve as the logins: the API, which asks in SQL as the auditor, and a worker."""
    with (
        running_api(apart.dsn("api"), workers=0, audit_dsn=apart.dsn("auditor")) as url,
        workers(apart.dsn("worker")),
        httpx2.Client(base_url=url, timeout=30) as opened,
    ):
        yield opened


@pytest.fixture
def owner(apart: Apart) -> Iterator[Connection]:
    with psycopg.connect(apart.owner, autocommit=True) as opened:
        yield opened


def test_it_retries_what_was_set_aside(apart: Apart, owner: Connection) -> None:
    set_aside(apart.dsn("api"), owner, [bad("a"), good("b"), bad("c")])
    chosen = select(owner, Selection(projection="core"))
    assert [each.outcome for each in retry(apart.dsn("api"), CORE, chosen)] == ["unique", "unique"]
    assert verify(apart.dsn("api"), CORE).differing == []


def test_it_publishes_and_projects(client: httpx2.Client) -> None:
    published = client.post("/publish", json=[event() for _ in range(20)], headers={"Prefer": "wait=10"})
    assert published.status_code == 200, published.text
    assert client.get("/stats").json()["balanced"] is True
    assert client.post("/publish", json={"topic": "$"}).status_code == 422
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("kind", ["rebuild", "verify", "rebuild?in_place=true&verify=true"])
def test_it_operates_over_http(client: httpx2.Client, owner: Connection, kind: str) -> None:
    begun = client.post(f"/projections/core/{kind}")
    assert begun.status_code == 202, begun.text
    assert ended_as(client, begun.headers["Location"]) == "done"
    of_projections = scalar(
        owner,
        "SELECT array_agg(DISTINCT c.relowner::regrole::text) FROM pg_class AS c"
        " JOIN projection_versions AS v ON v.schema_name = c.relnamespace::regnamespace::text",
    )
    assert of_projections == ["eventlog_operator"]


def test_it_asks_in_sql(client: httpx2.Client, apart: Apart) -> None:
    asked = client.post("/sql", json={"sql": "SELECT session_user::text FROM books"})
    assert asked.json()["rows"] == [["log_auditor"]], asked.text
    said = eventlog(
        "sql", "--format", "csv", "SELECT session_user::text AS who FROM books LIMIT 1",
        EVENTLOG_DSN=apart.dsn("api"), EVENTLOG_AUDIT_DSN_FILE=str(apart.secrets / "auditor_dsn"),
    )  # fmt: skip
    assert said.stdout == "who\nlog_auditor\n", said.stderr


def test_the_owner_rebuilds_drops_and_rebuilds_what_is_the_operators(
    apart: Apart, client: httpx2.Client
) -> None:
    rebuild(apart.owner, CORE, Options())
    assert eventlog("drop", "core", "--yes", EVENTLOG_DSN=apart.owner).returncode == 0
    assert eventlog("rebuild", "core", EVENTLOG_DSN=apart.dsn("api")).returncode == 0
    assert eventlog("drop", "core", "--yes", EVENTLOG_DSN=apart.dsn("api")).returncode == 0
    assert eventlog("rebuild", "core", EVENTLOG_DSN=apart.owner).returncode == 0
    assert eventlog("verify", EVENTLOG_DSN=apart.dsn("api")).returncode == 0
    asked = client.post("/sql", json={"sql": "SELECT count(*) FROM events"})
    assert asked.status_code == 200, asked.text


def test_a_projection_of_ones_own_is_installed_rebuilt_and_dropped(
    apart: Apart, owner: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "own")
    api = {"EVENTLOG_DSN": apart.dsn("api"), "EVENTLOG_PROJECTIONS": str(place)}
    own = installed(apart.dsn("api"), place).projections[-1]
    with (
        psycopg.connect(apart.owner, autocommit=True) as looking,
        workers(apart.dsn("worker"), projections=[own]),
    ):
        until(lambda: lag(looking, [own]) == 0)
    for command in (["rebuild", "own"], ["verify", "own"], ["drop", "own", "--yes"]):
        done = eventlog(*command, **api)
        assert done.returncode == 0, done.stderr


def test_keys_are_made_by_the_apis_login(apart: Apart) -> None:
    made = eventlog("keys", "create", "shop", "--scope", "publish", EVENTLOG_DSN=apart.dsn("api"))
    assert made.returncode == 0, made.stderr
    assert "shop" in eventlog("keys", "list", EVENTLOG_DSN=apart.dsn("api")).stdout


def test_a_stopped_api_loses_the_order_lock_to_another(apart: Apart) -> None:
    api = apart.dsn("api")
    everything = {"partitions": list(range(8))}
    with (
        psycopg.connect(apart.superuser, autocommit=True) as looking,
        closing(connect(api, "appender", "append")) as holder,
        ThreadPoolExecutor(1) as appending,
    ):
        holder.execute(statement("append/begin"))
        holder.execute(statement("append/lock"), everything)
        appended = appending.submit(append_events, api, [made()])
        until(lambda: waiting_for_locks(looking, "eventlog append") == 1)
        waiting = scalar(looking, WAITING)
        with connect(api, "login", "watch") as watch:
            ended = watch.execute(
                statement("append/terminate_holders"), {"waiting": waiting, "held_seconds": 0}
            ).fetchall()
        assert ended == [(holder.backend_pid, True)]
        assert len(appended.result(10)) == 1


def test_the_doctor_finds_nothing_wrong_and_then_who_runs_as_the_owner(
    apart: Apart, client: httpx2.Client
) -> None:
    settings = load_settings(dsn=apart.dsn("api"), audit_dsn=apart.dsn("auditor"), url=NOBODY_LISTENS)
    found = by_name(examine(settings))
    assert {each.name for each in found.values() if each.status == "failed"} == {"fsync"}
    assert {found[name].status for name in ("roles", "login", "auditor", "auditor's log")} == {"ok"}
    assert "logins" not in found
    with running_api(apart.owner, workers=0):
        told = by_name(examine(settings))["logins"]
    assert (told.status, told.found) == (
        "warning",
        "API or workers run as eventlog, who may change everything",
    )
