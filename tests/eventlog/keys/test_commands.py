"""`eventlog keys`: made, listed, rotated, suspended and revoked in the database itself."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.keys.form import read_key
from tests.support.command_line import eventlog

Connection = psycopg.Connection[TupleRow]


def make(database: str, *arguments: str) -> dict[str, object]:
    done = eventlog("keys", "create", "shop", "--json", *arguments, EVENTLOG_DSN=database)
    assert done.returncode == 0, done.stderr
    made: dict[str, object] = json.loads(done.stdout)
    return made


def test_a_key_is_printed_once_and_only_a_digest_of_it_kept(database: str, connection: Connection) -> None:
    done = eventlog(
        "keys", "create", "shop", "--scope", "publish:order.*", "--scope", "metrics", EVENTLOG_DSN=database
    )
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    presented = read_key(key)
    assert presented is not None
    assert key not in done.stderr
    assert "publish:order.*, metrics" in done.stderr
    rows = connection.execute("SELECT key_id, digest FROM key_secrets").fetchall()
    assert rows == [(presented.id, presented.digest)]
    secret = key.split("_")[2]
    everything = connection.execute("SELECT keys::text FROM keys").fetchall()
    listed = eventlog("keys", "list", "--json", EVENTLOG_DSN=database).stdout
    assert secret not in str(everything) + listed
    assert presented.id in listed


def test_json_has_what_a_program_needs(database: str) -> None:
    made = make(
        database, "--scope", "publish", "--source", "till-7", "--topic-prefix", "shop.", "--expires", "90d"
    )
    assert made.keys() == {"id", "name", "key", "scopes", "expires_at"}
    assert made["name"] == "shop"
    assert made["scopes"] == ["publish:*"]
    expires_at = datetime.fromisoformat(str(made["expires_at"]))
    assert timedelta(days=89) < expires_at - datetime.now(UTC) < timedelta(days=91)
    [listed] = json.loads(eventlog("keys", "list", "--json", EVENTLOG_DSN=database).stdout)
    assert (listed["source"], listed["topic_prefix"], listed["state"]) == ("till-7", "shop.", "active")
    assert (listed["created_by"], listed["secrets"]) == ("cli", 1)


def test_states_change_as_they_may(database: str) -> None:
    key_id = str(make(database, "--scope", "read")["id"])

    def keys(verb: str) -> tuple[int, str]:
        done = eventlog("keys", verb, key_id, EVENTLOG_DSN=database)
        return done.returncode, done.stderr.strip()

    assert keys("suspend") == (0, f"key {key_id} is suspended")
    assert keys("suspend") == (0, f"key {key_id} was suspended already")
    assert keys("resume") == (0, f"key {key_id} is active")
    assert keys("revoke") == (0, f"key {key_id} is revoked")
    code, words = keys("resume")
    assert code == 1
    assert "stays so" in words
    assert keys("rotate")[0] == 1
    assert keys("revoke") == (0, f"key {key_id} was revoked already")


def test_a_rotated_key_has_two_secrets_for_a_while(database: str, connection: Connection) -> None:
    made = make(database, "--scope", "read")
    rotated = eventlog("keys", "rotate", str(made["id"]), "--overlap", "30m", "--json", EVENTLOG_DSN=database)
    assert rotated.returncode == 0, rotated.stderr
    again = json.loads(rotated.stdout)
    assert again["id"] == made["id"]
    assert again["key"] != made["key"]
    [listed] = json.loads(eventlog("keys", "list", "--json", EVENTLOG_DSN=database).stdout)
    assert listed["secrets"] == 2
    left = connection.execute(
        "SELECT count(*) FROM key_secrets WHERE valid_until BETWEEN now() + '29 min' AND now() + '31 min'"
    ).fetchone()
    assert left == (1,)
    assert (
        eventlog("keys", "rotate", str(made["id"]), "--overlap", "0s", EVENTLOG_DSN=database).returncode == 0
    )
    [listed] = json.loads(eventlog("keys", "list", "--json", EVENTLOG_DSN=database).stdout)
    assert listed["secrets"] == 1


def test_quotas_are_given_changed_and_taken_away(database: str) -> None:
    made = make(database, "--scope", "publish", "--events-per-second", "100", "--streams", "3")
    key_id = str(made["id"])

    def quotas() -> tuple[object, ...]:
        [listed] = json.loads(eventlog("keys", "list", "--json", EVENTLOG_DSN=database).stdout)
        return listed["events_per_second"], listed["streams"], listed["events_per_day"]

    assert quotas() == (100, 3, None)
    done = eventlog(
        *("keys", "limit", key_id, "--streams", "none", "--events-per-day", "5000"), EVENTLOG_DSN=database
    )
    assert (done.returncode, done.stderr.strip()) == (
        0,
        f"key {key_id} may use 100 events per second, 5,000 events per day",
    )
    assert quotas() == (100, None, 5000)
    shown = " ".join(eventlog("keys", "list", EVENTLOG_DSN=database, COLUMNS="200").stdout.split())
    assert "100 events per second, 5,000 events per day" in shown
    nothing = eventlog("keys", "limit", key_id, EVENTLOG_DSN=database)
    assert (nothing.returncode, "which quota" in nothing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "x", "--scope", "everything"), "the verbs are"),
        (("create", "x", "--scope", "read", "--expires", "soon"), "no span of time"),
        (("create", "x", "--scope", "read", "--expires", "0s"), "expired when it is made"),
        (("create", "", "--scope", "read"), "1 to 100 characters"),
        (("create", "x\x1b[2J", "--scope", "read"), "printable"),
        (("create", "x", "--scope", "publish", "--source", ""), "a source has 1 to 255"),
        (("create", "x", "--scope", "publish", "--topic-prefix", "$a"), "reserved"),
        (("rotate", "0123456789", "--overlap", "1w"), "no span of time"),
        (("create", "x", "--scope", "publish", "--events-per-second", "0"), "suspend the key"),
    ],
)
def test_what_cannot_be_is_a_usage_error_that_says_why(
    database: str, arguments: tuple[str, ...], words: str
) -> None:
    done = eventlog("keys", *arguments, EVENTLOG_DSN=database)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_key_that_is_not_there_is_said(database: str) -> None:
    done = eventlog("keys", "revoke", "0123456789", EVENTLOG_DSN=database)
    assert done.returncode == 1
    assert "there is no key '0123456789'" in done.stderr
    empty = eventlog("keys", "list", EVENTLOG_DSN=database)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "keys create" in empty.stderr


def test_a_service_that_needs_keys_does_not_start_without_one(database: str) -> None:
    done = eventlog(
        "api",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        EVENTLOG_DSN=database,
        EVENTLOG_ALLOW_UNSAFE_SETTINGS="true",
    )
    assert done.returncode == 2
    assert "keys create" in done.stderr
    assert "EVENTLOG_AUTH=open" in done.stderr


def test_readers_of_the_database_see_no_digest(database: str, connection: Connection) -> None:
    make(database, "--scope", "read")
    connection.execute("SET ROLE eventlog_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT digest FROM eventlog.key_secrets")
    assert connection.execute("SELECT count(*) FROM eventlog.keys").fetchone() == (1,)
