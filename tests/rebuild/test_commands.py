"""The commands: what they print where, what they ask, and how they exit."""

import json
import subprocess
import sys

import psycopg
from psycopg.rows import TupleRow

from projections.operations import operation
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def eventlog(dsn: str, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eventlog", *arguments],
        env={"EVENTLOG_DSN": dsn, "PATH": "/usr/bin:/bin"},
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_rebuild_says_what_is_live_on_standard_output(database: str) -> None:
    done = eventlog(database, "rebuild", "core", "--verify", "--workers", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("core: version 2 is live; ")
    assert "filling" in done.stderr


def test_verify_checks_all_of_them(database: str) -> None:
    done = eventlog(database, "verify", "--json")
    assert done.returncode == 0, done.stderr
    assert {(found["projection"], len(found["differing"])) for found in json.loads(done.stdout)} == {
        ("core", 0),
        ("timeline", 0),
    }


def test_drop_asks_and_is_seen_in_the_list(database: str, connection: Connection) -> None:
    assert eventlog(database, "drop", "core", answer="n\n").returncode == 1
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 1
    assert eventlog(database, "drop", "core", "--yes").returncode == 0
    listed = json.loads(eventlog(database, "projections", "list", "--json").stdout)
    assert {row["name"]: row["state"] for row in listed} == {"core": "dropped", "timeline": "live"}
    assert eventlog(database, "verify").returncode == 0
    assert eventlog(database, "verify", "core").returncode == 1
    assert eventlog(database, "rebuild", "core").returncode == 0


def test_what_cannot_be_done_is_one_line_and_1(database: str) -> None:
    unknown = eventlog(database, "rebuild", "nosuch")
    assert (unknown.returncode, unknown.stderr) == (1, "eventlog: there is no projection 'nosuch'\n")
    with operation(database, "rebuild", "core") as first:
        refused = eventlog(database, "rebuild", "core")
    assert refused.returncode == 1
    assert refused.stderr == (f"eventlog: a rebuild of projection core is under way: operation {first.id}\n")


def test_without_a_database_the_exit_code_is_4(database: str) -> None:
    assert eventlog("postgresql://127.0.0.1:1/nosuch", "verify").returncode == 4
