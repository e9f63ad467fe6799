"""What changes for others is recorded: what, by whom, in the transaction that does it, and for ever."""

import getpass
from datetime import timedelta

import httpx2
import msgspec
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.acts.actor import act_as, user
from eventlog.acts.reading import latest
from eventlog.keys import store
from eventlog.keys.errors import KeyRevoked
from eventlog.keys.scopes import read_scopes
from projections.drop import drop
from tests.eventlog.sessions.test_pooler import ended_as
from tests.support.api import running_api
from tests.support.command_line import eventlog
from tests.support.events import event
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def done(dsn: str) -> list[tuple[str, str, str]]:
    """Return what was done to what by whom, the first act first."""
    return [(act.act, act.subject, act.who) for act in reversed(latest(dsn, 100))]


def test_each_act_on_a_key_is_recorded_and_its_secret_is_not(database: str, connection: Connection) -> None:
    act_as(connection, "key abcdefghij")
    made = store.create(connection, "shop", read_scopes(["publish:order.*"]), created_by="cli")
    store.rotate(connection, made.id, timedelta(hours=1))
    store.set_state(connection, made.id, "suspended")
    store.set_state(connection, made.id, "suspended")  # changes nothing
    store.set_state(connection, made.id, "active")
    store.set_state(connection, made.id, "revoked")
    with pytest.raises(KeyRevoked):
        store.rotate(connection, made.id, timedelta(hours=1))
    acts = ("created", "rotated", "suspended", "resumed", "revoked")
    assert done(database) == [(f"key.{act}", made.id, "key abcdefghij") for act in acts]
    first = latest(database, 100)[-1]
    assert msgspec.json.decode(first.detail)["scopes"] == ["publish:order.*"]
    assert first.login == "eventlog"
    assert made.key.split("_")[2] not in str(latest(database, 100))


def test_what_is_undone_was_not_done(database: str, connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        store.create(connection, "shop", read_scopes(["publish"]), created_by="cli")
    assert done(database) == []


@pytest.mark.parametrize("change", ["UPDATE acts SET who = 'nobody'", "DELETE FROM acts", "TRUNCATE acts"])
def test_not_even_the_owner_changes_what_was_recorded(connection: Connection, change: str) -> None:
    store.create(connection, "shop", read_scopes(["publish"]), created_by="cli")
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(change.encode())
    assert scalar(connection, "SELECT count(*) FROM acts") == 1


def test_who_rebuilds_over_http_is_the_key_that_was_shown(database: str, connection: Connection) -> None:
    scopes = ["publish", "read", "operate", "metrics", "keys"]
    key = store.create(connection, "me", read_scopes(scopes), created_by="cli")
    by = {"Authorization": f"Bearer {key.key}"}
    with (
        running_api(database, auth="required") as url,
        httpx2.Client(base_url=url, timeout=15, headers=by) as client,
    ):
        assert client.post("/publish", json=event(), headers={"Prefer": "wait=10"}).status_code == 200
        before = client.get("/stats").json()
        for kind in ("verify", "rebuild"):
            begun = client.post(f"/projections/core/{kind}")
            assert begun.status_code == 202, begun.text
            assert ended_as(client, begun.headers["Location"]) == "done"
        made = client.post("/keys", json={"name": "shop", "scopes": ["publish"]})
        assert made.status_code == 201, made.text
        # The log has what was published, and nothing else.
        assert client.get("/stats").json()["received"] == before["received"]
    who = f"key {key.id}"
    assert done(database)[1:] == [
        ("verify.begun", "core", who), ("verify.done", "core", who),
        ("rebuild.begun", "core", who), ("rebuild.done", "core", who),
        ("key.created", made.json()["id"], who),
    ]  # fmt: skip


def test_the_command_shows_who_acted_on_the_command_line(database: str) -> None:
    drop(database, "core")
    made = eventlog("keys", "create", "sh\x1b[31mop", "--scope", "read", EVENTLOG_DSN=database)
    assert made.returncode == 2  # no control character gets in here
    assert eventlog("keys", "create", "shop", "--scope", "read", EVENTLOG_DSN=database).returncode == 0
    shown = eventlog("acts", "--json", "--most", "2", EVENTLOG_DSN=database)
    acts = msgspec.json.decode(shown.stdout)
    assert [(act["act"], act["who"]) for act in acts] == [("key.created", user()), ("drop.done", user())]
    assert acts[1]["detail"]["operation"]
    before = eventlog("acts", "--before", str(acts[1]["number"]), EVENTLOG_DSN=database).stdout
    assert "drop.begun" in before
    assert "drop.done" not in before
    assert user().startswith(f"{getpass.getuser()}@")
