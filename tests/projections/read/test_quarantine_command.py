"""`eventlog quarantine list`, as a process."""

import json

import psycopg
from psycopg.rows import TupleRow

from tests.support.command_line import eventlog
from tests.support.deliveries import insert_behind_the_door
from tests.support.projecting import project_all

Connection = psycopg.Connection[TupleRow]
BAD = '{"timestamp": "now", "source": "shop", "payload": {}}'


def test_what_is_set_aside_is_listed_by_cause(api: str, database: str, connection: Connection) -> None:
    assert "nothing is in quarantine" in eventlog("quarantine", "list", "--url", api).stderr
    insert_behind_the_door(connection, [BAD, BAD, "5"])
    project_all(database)
    shown = eventlog("quarantine", "list", "--url", api)
    assert shown.returncode == 0, shown.stderr
    assert "2 × core: timestamp is no date and time (22000)" in shown.stdout
    causes = json.loads(eventlog("quarantine", "list", "--json", "--url", api).stdout)
    assert {cause["projection"] for cause in causes} == {"core"}
    assert sum(cause["deliveries"] for cause in causes) == 3


def test_without_an_api_it_exits_with_4() -> None:
    assert eventlog("quarantine", "list", "--url", "http://127.0.0.1:9").returncode == 4
