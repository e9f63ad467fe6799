"""The record of who asked what: bounded in number, in bytes, and in what it believes."""

import os
import pwd

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.acts.actor import user
from eventlog.audit.record import WHO_CHARACTERS_MAX, Asker
from eventlog.statements import statement
from tests.eventlog.audit.conftest import Asking

Connection = psycopg.Connection[TupleRow]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("a\nb\x1b[31m\u202e", "a\\u000ab\\u001b[31m\\u202e"),
        ("\udc80", "\\udc80"),
        ("", "unknown"),
        ("x" * 10_000, "x" * WHO_CHARACTERS_MAX),
    ],
)
def test_who_asks_is_bounded_and_shows_what_it_is(given: str, told: str) -> None:
    assert Asker(given, "http").who == told


def test_the_command_line_tells_the_user_and_not_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert user().startswith(f"{pwd.getpwuid(os.getuid()).pw_name}@")


def test_the_record_is_bounded_in_bytes(asking: Asking, connection: Connection) -> None:
    for number in range(4):
        asking("SELECT $1::text", [os.urandom(20_000).hex() + str(number)])
    connection.execute(statement("audit/prune_bytes"), {"keep": 50_000})
    left = connection.execute("SELECT id FROM eventlog.console_statements ORDER BY id").fetchall()
    assert left == [(3,), (4,)]


def test_an_error_is_recorded_in_part(asking: Asking, connection: Connection) -> None:
    with pytest.raises(Exception, match="characters"):
        asking("SELECT repeat('x', 100000)::int")
    row = connection.execute("SELECT length(error) FROM eventlog.console_statements").fetchone()
    assert row is not None
    assert row[0] < 3_000
