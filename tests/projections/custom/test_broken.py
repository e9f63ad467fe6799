"""A projection that is broken keeps nobody else from projecting, and says what is wrong."""

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow, class_row

from eventlog.statements import statement
from projections.custom.discovery import Discovered, discover
from projections.doctor.books import check_failures
from projections.install import install_own
from projections.projection import PROJECTIONS, Projection
from projections.state import ProjectionState
from projections.verify import verify
from tests.support.deliveries import append_events, event, topic_in
from tests.support.own import APPLY, TABLES, installed, write_projection
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def own(found: Discovered, name: str) -> list[Projection]:
    return [projection for projection in found.projections if projection.name == name]


def count_kept(connection: Connection, name: str) -> object:
    return scalar(connection, f"SELECT count(*) FROM {name}_1.kept")


BROKEN = {
    "no such table": (
        "",
        {"step": "INSERT INTO {schema}.nowhere SELECT FROM {batch} AS b"},
        "does not exist",
    ),
    "no such column": ("", {"step": "SELECT b.missing FROM {batch} AS b"}, "missing does not exist"),
    "no right": ("", {"step": "DELETE FROM eventlog.inbox"}, "permission denied"),
    "a bug in Python": ("def apply(batch, connection):\n    nonsense()", {}, "'nonsense' is not defined"),
    "exits": ("import sys\ndef apply(batch, connection):\n    sys.exit()", {}, "sys.exit"),
    "commits": ("def apply(batch, connection):\n    connection.commit()", {}, "Explicit commit"),
    "leaves an error behind": (
        "import contextlib\ndef apply(batch, connection):\n    with contextlib.suppress(Exception):\n"
        "        connection.execute('SELECT broken')",
        {},
        "current transaction is aborted",
    ),
}


@pytest.mark.parametrize(("python", "files", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_step_stands_alone_and_says_why(
    database: str, connection: Connection, tmp_path: Path, python: str, files: dict[str, str], said: str
) -> None:
    found = installed(
        database, write_projection(tmp_path, "broken", python, **files), write_projection(tmp_path, "good")
    )
    append_events(database, [event(topic_in(n % PARTITIONS)) for n in range(20)])
    with workers(database, 1, projections=found.projections) as running:
        until(lambda: lag(connection, [*PROJECTIONS, *own(found, "good")]) == 0)
        until(lambda: scalar(connection, "SELECT count(DISTINCT partition) FROM failures") == PARTITIONS)
        assert running[0].connected
    assert count_kept(connection, "good") == 20
    assert lag(connection, own(found, "broken")) == 20
    causes = [row[0] for row in connection.execute("SELECT DISTINCT cause FROM failures")]
    assert len(causes) == 1
    assert said in causes[0]
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0


def test_a_broken_projection_is_tried_again_and_goes_on_once_it_can(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    found = installed(database, write_projection(tmp_path, "own"))
    connection.execute("ALTER TABLE own_1.kept RENAME TO away")
    append_events(database, [event()])
    with workers(database, 2, projections=found.projections):
        until(lambda: scalar(connection, "SELECT count(*) FROM failures") == 1)
        connection.execute("ALTER TABLE own_1.away RENAME TO kept")
        until(lambda: lag(connection, found.projections) == 0)


def test_tables_that_cannot_be_made_are_a_fault_and_leave_nothing(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    broken = write_projection(tmp_path, "broken", tables="CREATE TABLE {schema}.kept (a nonsense)")
    found = discover(f"{broken},{write_projection(tmp_path, 'good')}")
    enrolled = install_own(database, found)
    assert enrolled.done == ["projection good"]
    assert enrolled.faults == ['projection broken cannot be installed: type "nonsense" does not exist']
    assert scalar(connection, "SELECT to_regnamespace('broken_1')") is None
    append_events(database, [event()])
    with workers(database, projections=found.projections):
        until(lambda: lag(connection, [*PROJECTIONS, *own(found, "good")]) == 0)


@pytest.mark.parametrize("name", ["events", "timeline"])
def test_a_view_may_not_take_the_place_of_ours(
    database: str, connection: Connection, tmp_path: Path, name: str
) -> None:
    before = scalar(connection, f"SELECT pg_get_viewdef('{name}'::regclass)")
    columns = {
        "events": 'NULL::text COLLATE "C" AS topic, NULL::text COLLATE "C" AS event_id,'
        " now() AS \"timestamp\", ''::text AS source, '{{}}'::json AS payload, partition, position,"
        " now() AS received_at, now() AS processed_at",
        "timeline": 'partition, NULL::text COLLATE "C" AS topic, now() AS minute, position AS received',
    }
    views = f"CREATE OR REPLACE VIEW eventlog.{name} AS SELECT {columns[name]} FROM {{schema}}.kept"
    enrolled = install_own(database, discover(str(write_projection(tmp_path, "own", views=views))))
    assert enrolled.faults == [
        f"projection own cannot be installed: views.sql of own would replace {name}: rename the view"
    ]
    assert scalar(connection, f"SELECT pg_get_viewdef('{name}'::regclass)") == before


def test_a_changed_projection_stands_still_until_it_is_rebuilt(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "own", views="CREATE OR REPLACE VIEW eventlog.own AS SELECT 1 AS a")
    installed(database, place)
    (place / "tables.sql").write_text(TABLES + "CREATE TABLE {schema}.more (a int PRIMARY KEY);")
    (place / "views.sql").write_text("CREATE OR REPLACE VIEW eventlog.own AS SELECT 1 AS a, 2 AS b")
    changed = discover(str(place))
    assert install_own(database, changed).faults == [
        "projection own has changed and stands still: `eventlog rebuild own` plays it anew"
    ]
    assert connection.execute("SELECT * FROM own").fetchone() == (1,)
    append_events(database, [event()])
    with workers(database, projections=changed.projections):
        until(lambda: lag(connection, PROJECTIONS) == 0)
    assert lag(connection, own(changed, "own")) == 1


CONTENT = {
    "KeyError": "event.payload['missing']",
    "TypeError": "len(event.payload['n'])",
    "AttributeError": "event.payload['n'].items()",
    "ZeroDivisionError": "1 / 0",
    "RecursionError": "(lambda f: f(f))(lambda f: f(f))",
    "a cause with NUL": "raise_(ValueError('a\\0b'))",
    "the database's": "connection.execute('SELECT %s::date', ['nonsense'])",
}


@pytest.mark.parametrize("expression", CONTENT.values(), ids=CONTENT)
def test_what_python_cannot_digest_is_set_aside_alone(
    database: str, connection: Connection, tmp_path: Path, expression: str
) -> None:
    python = (
        "def raise_(error):\n    raise error\n"
        + APPLY
        + f"    for event in batch:\n        if event.event_id == 'bad':\n            {expression}\n"
    )
    found = installed(database, write_projection(tmp_path, "own", python))
    append_events(database, [event(event_id=name) for name in ("a", "b", "bad", "c", "d")])
    with workers(database, projections=found.projections):
        until(lambda: lag(connection, found.projections) == 0)
    assert count_kept(connection, "own") == 4
    assert connection.execute("SELECT event_id, sqlstate FROM quarantine").fetchall() in (
        [("bad", "22000")],
        [("bad", "22007")],
    )
    assert scalar(connection, "SELECT count(*) FROM failures") == 0


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_a_constraint_that_is_checked_at_the_commit_blames_its_delivery(
    database: str, connection: Connection, tmp_path: Path, batch_size: int
) -> None:
    deferred = (
        "CREATE TABLE {schema}.allowed AS SELECT generate_series(1::bigint, 3) AS position;"
        "ALTER TABLE {schema}.allowed ADD PRIMARY KEY (position);"
        "ALTER TABLE {schema}.kept ADD FOREIGN KEY (position) REFERENCES {schema}.allowed"
        " DEFERRABLE INITIALLY DEFERRED"
    )
    found = installed(database, write_projection(tmp_path, "own", tables=TABLES + deferred))
    append_events(database, [event() for _ in range(5)])
    with workers(database, batch_size=batch_size, projections=found.projections):
        until(lambda: lag(connection, found.projections) == 0)
    assert count_kept(connection, "own") == 3
    assert connection.execute("SELECT position, sqlstate FROM quarantine ORDER BY 1").fetchall() == [
        (4, "23503"),
        (5, "23503"),
    ]
    (projection,) = own(found, "own")
    assert verify(database, projection).differing == []


def test_the_books_of_a_projection_tell_ignored_from_repeated(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    found = installed(database, write_projection(tmp_path, "own", "topics = ['order.*', 'invoice']"))
    one = event("order.a", "1")
    append_events(database, [one, one, event("order.b"), event("invoice"), event("invoices"), event("x")])
    with workers(database, projections=found.projections):
        until(lambda: lag(connection, found.projections) == 0)
    assert connection.execute(
        "SELECT sum(unique_count), sum(duplicate_count), sum(quarantined_count), sum(ignored_count)"
        " FROM steps WHERE projection = 'own'"
    ).fetchone() == (3, 1, 0, 2)


def test_the_doctor_and_the_list_name_what_fails_until_it_is_mended(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    found = installed(database, write_projection(tmp_path, "own"))
    connection.execute("ALTER TABLE own_1.kept RENAME TO away")
    append_events(database, [event()])
    with workers(database, projections=found.projections):
        until(lambda: scalar(connection, "SELECT count(*) FROM failures") == 1)
        doctor = check_failures(connection)
        assert doctor.status == "warning"
        assert 'own fails in 1 partitions: relation "own_1.kept" does not exist' in doctor.found
        assert 'relation "own_1.kept" does not exist' in str(listed(connection, "own").failure)
        connection.execute("ALTER TABLE own_1.away RENAME TO kept")
        until(lambda: lag(connection, found.projections) == 0)
    assert check_failures(connection).status == "ok"
    assert listed(connection, "own").failure is None


def test_the_doctor_and_the_list_tell_what_kills_while_it_is_looked_for(
    database: str, connection: Connection
) -> None:
    connection.execute(
        "INSERT INTO attempts (partition, projection, version, through, first, last, deaths)"
        " VALUES (2, 'core', 1, 900, 11, 20, 0)"
    )
    said = "one of the deliveries 2:11 to 900 kills or hangs its worker; it is being looked for"
    assert check_failures(connection).found == f"core fails in 1 partitions: {said}"
    assert listed(connection, "core").failure == said


def listed(connection: Connection, name: str) -> ProjectionState:
    cursor = connection.cursor(row_factory=class_row(ProjectionState))
    state = cursor.execute(statement("projections/state"), {"name": name}).fetchone()
    assert state is not None
    return state


def test_python_gets_a_large_batch_in_parts(database: str, connection: Connection, tmp_path: Path) -> None:
    python = (
        APPLY + "    assert len(batch) <= 500\n    assert batch == sorted(batch, key=lambda e: e.position)\n"
    )
    found = installed(database, write_projection(tmp_path, "own", python))
    topic = topic_in(0)
    append_events(database, [event(topic) for _ in range(1_201)])
    with workers(database, batch_size=2_000, projections=found.projections):
        until(lambda: lag(connection, found.projections) == 0)
    assert count_kept(connection, "own") == 1_201
    assert scalar(connection, "SELECT count(*) FROM steps WHERE projection = 'own'") == 1
