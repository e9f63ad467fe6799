"""When keys were last used: written now and then, listed, and what nobody uses is found."""

import json
from contextlib import closing

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.keys.uses import KeyUses
from projections.doctor.keys import check_keys
from tests.api.http.test_authentication import bearer, closed_service, id_of, known
from tests.support.command_line import eventlog
from tests.support.events import event

Connection = psycopg.Connection[TupleRow]


def make(connection: Connection, name: str) -> str:
    return store.create(connection, name, read_scopes(["read"]), created_by="cli").id


def used_at(connection: Connection, key_id: str) -> object:
    return store.one(connection, key_id).last_used_at


def test_a_request_is_written_down_when_the_service_stops_at_the_latest(
    database: str, connection: Connection
) -> None:
    with closed_service(database) as (client, keys):
        key, other = keys.make("publish"), keys.make("publish")
        known(client, other)
        for _ in range(3):
            assert client.post("/publish", json=event(), headers=bearer(key)).status_code == 202
        assert client.post("/publish", json=event(), headers=bearer(f"{key}x")).status_code == 401
    assert used_at(connection, id_of(key)) is not None
    number = connection.execute("SELECT number FROM key_changes").fetchone()
    assert number == (4,)  # two keys and their secrets: that they are used changes none


def test_what_was_written_a_moment_ago_is_not_written_again(database: str, connection: Connection) -> None:
    key_id = make(connection, "till")
    for _ in range(2):
        with closing(KeyUses(database)) as uses:
            uses.used(key_id)
            uses.used("0123456789")  # gone, or of another database
        first = used_at(connection, key_id)
        assert first is not None
    connection.execute("UPDATE key_uses SET used_at = now() - interval '10 min'")
    before = used_at(connection, key_id)
    with closing(KeyUses(database)) as uses:
        uses.used(key_id)
    assert used_at(connection, key_id) != before


def test_unused_keys_are_listed_by_themselves(database: str, connection: Connection) -> None:
    lately, long_ago, never, new, revoked = (make(connection, f"key {number}") for number in range(5))
    connection.execute(
        "INSERT INTO key_uses VALUES (%s, now() - interval '1 day'), (%s, now() - interval '40 days')",
        [lately, long_ago],
    )
    connection.execute("UPDATE keys SET created_at = now() - interval '50 days' WHERE id <> %s", [new])
    store.set_state(connection, revoked, "revoked")
    shown = eventlog("keys", "list", "--unused", "30d", "--json", EVENTLOG_DSN=database)
    assert {key["id"] for key in json.loads(shown.stdout)} == {long_ago, never}
    none = eventlog("keys", "list", "--unused", "300d", EVENTLOG_DSN=database)
    assert (none.returncode, none.stdout) == (0, "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE keys SET created_at = now() - interval '8 days'", "nobody has used, 7 days after"),
        ("UPDATE keys SET expires_at = now() + interval '3 days'", "expire within 14 days"),
        (
            "INSERT INTO key_uses SELECT id, now() - interval '91 days' FROM keys",
            "nobody has used for 90 days",
        ),
    ],
)
def test_the_doctor_names_keys_that_somebody_should_look_at(
    connection: Connection, change: str, words: str
) -> None:
    assert [finding.status for finding in check_keys(connection)] == ["ok"]
    ids = [make(connection, "till") for _ in range(7)]
    assert [finding.status for finding in check_keys(connection)] == ["ok"]
    connection.execute(change.encode())
    [finding] = check_keys(connection)
    assert finding.status == "warning"
    assert finding.found.startswith("7 of keys")
    assert words in finding.found
    assert "and 2 more" in finding.found
    assert sum(each in finding.found for each in ids) == 5
    connection.execute("UPDATE keys SET state = 'revoked'")
    assert [finding.status for finding in check_keys(connection)] == ["ok"]
