"""The commands: what they print where, what they ask, and how they exit."""

import json
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from projections.operations import operation
from tests.support.command_line import eventlog
from tests.support.own import installed, write_projection
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def test_rebuild_says_what_is_live_on_standard_output(database: str) -> None:
    done = eventlog("rebuild", "core", "--verify", "--workers", "3", EVENTLOG_DSN=database)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("core: version 2 is live; ")
    assert "filling" in done.stderr


def test_verify_checks_all_of_them(database: str) -> None:
    done = eventlog("verify", "--json", EVENTLOG_DSN=database)
    assert done.returncode == 0, done.stderr
    assert {(found["projection"], len(found["differing"])) for found in json.loads(done.stdout)} == {
        ("core", 0),
        ("timeline", 0),
    }


def test_drop_asks_and_is_seen_in_the_list(database: str, connection: Connection) -> None:
    assert eventlog("drop", "core", answer="n\n", EVENTLOG_DSN=database).returncode == 1
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 1
    assert eventlog("drop", "core", "--yes", EVENTLOG_DSN=database).returncode == 0
    listed = json.loads(eventlog("projections", "list", "--json", EVENTLOG_DSN=database).stdout)
    assert {row["name"]: row["state"] for row in listed} == {"core": "dropped", "timeline": "live"}
    verified = eventlog("verify", EVENTLOG_DSN=database)
    assert (verified.returncode, "core is dropped" in verified.stderr) == (0, True)
    assert eventlog("verify", "core", EVENTLOG_DSN=database).returncode == 1
    assert eventlog("rebuild", "core", EVENTLOG_DSN=database).returncode == 0


def test_what_is_not_there_is_not_asked_about(database: str) -> None:
    refused = eventlog("drop", "nosuch", answer="n\n", EVENTLOG_DSN=database)
    assert (refused.returncode, "Go on?" in refused.stderr) == (1, False)
    assert "there is no projection 'nosuch'" in refused.stderr


def test_verify_says_what_it_cannot_verify(database: str, tmp_path: Path) -> None:
    own = write_projection(tmp_path, "own_counts")
    installed(database, own)
    assert eventlog("verify", EVENTLOG_DSN=database, EVENTLOG_PROJECTIONS=str(own)).returncode == 0
    verified = eventlog("verify", EVENTLOG_DSN=database)
    assert verified.returncode == 1
    assert "core: version 1 equals" in verified.stdout
    assert verified.stderr.endswith("EVENTLOG_PROJECTIONS does not name their code: own_counts\n")


def test_what_cannot_be_done_is_one_line_and_1(database: str) -> None:
    unknown = eventlog("rebuild", "nosuch", EVENTLOG_DSN=database)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("eventlog: there is no projection 'nosuch': `eventlog projections list`")
    with operation(database, "rebuild", "core") as first:
        refused = eventlog("rebuild", "core", EVENTLOG_DSN=database)
    assert refused.returncode == 1
    assert refused.stderr == (f"eventlog: a rebuild of projection core is under way: operation {first.id}\n")


def test_without_a_database_the_exit_code_is_4(database: str) -> None:
    assert eventlog("verify", EVENTLOG_DSN="postgresql://127.0.0.1:1/nosuch").returncode == 4
