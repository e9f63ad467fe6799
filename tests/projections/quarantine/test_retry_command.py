"""`eventlog quarantine retry`, as a process."""

import json
import subprocess
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from projections.custom.discovery import discover
from projections.install import install_own
from tests.support.command_line import eventlog
from tests.support.deliveries import append_events, event
from tests.support.own import APPLY, write_projection
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.setting_aside import bad, break_tables, good, mend_tables, set_aside

Connection = psycopg.Connection[TupleRow]


def retry(
    dsn: str, *arguments: str, answer: str = "", projections: str = ""
) -> subprocess.CompletedProcess[str]:
    return eventlog(
        "quarantine", "retry", *arguments, answer=answer, EVENTLOG_DSN=dsn, EVENTLOG_PROJECTIONS=projections
    )


def test_named_deliveries_are_retried_in_every_projection(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad("a"), bad("b"), bad("c")])
    done = retry(database, "1:1", "1:3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1:1 core: unique",
        "1:3 core: unique",
    ]
    assert scalar(connection, "SELECT array_agg(DISTINCT position) FROM quarantine") == [2]


def test_what_fails_again_is_told_and_exits_with_1(database: str, connection: Connection) -> None:
    break_tables(connection)
    append_events(database, [bad("a")])
    project_all(database)
    done = retry(database, "--cause", "no_bad_moment", "--yes", "--json")
    assert done.returncode == 1
    results = json.loads(done.stdout)
    assert [(each["projection"], each["outcome"]) for each in results] == [
        ("core", "quarantined"),
    ]
    assert all("no_bad_moment" in each["cause"] for each in results)
    mend_tables(connection)
    assert retry(database, "--sqlstate", "23514", "--projection", "core", "--yes").returncode == 0
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0


def test_all_asks_first(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad("a"), good("b"), bad("b")])
    refused = retry(database, "--all", answer="n\n")
    assert refused.returncode == 1
    assert "1 deliveries of 1 events are played again in core. Go on?" in refused.stderr
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 1
    assert retry(database, "--all", answer="y\n").returncode == 0
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0
    nothing = retry(database, "--all", "--yes")
    assert (nothing.returncode, nothing.stderr) == (0, "nothing was retried\n")


def test_what_is_not_there_or_not_meant_is_refused(database: str) -> None:
    unknown = retry(database, "1:1")
    assert (unknown.returncode, unknown.stderr) == (1, "eventlog: 1:1 is not in quarantine\n")
    assert retry(database).returncode == 2
    assert retry(database, "nonsense").returncode == 2
    assert retry("postgresql://127.0.0.1:1/nosuch", "1:1").returncode == 4


def test_a_projection_without_undo_names_the_rebuild_that_does_it(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "own", APPLY + "    1 / 0\n")
    found = discover(str(place))
    assert install_own(database, found).faults == []
    append_events(database, [event(event_id="a")])
    project_all(database, projections=found.projections)
    done = retry(database, "--projection", "own", "--yes", projections=str(place))
    assert done.returncode == 1
    assert "own: quarantined: projection own has no undo.sql" in done.stdout
    assert "`eventlog rebuild own --retry` plays all of them" in done.stdout
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 1
