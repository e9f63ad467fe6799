"""A delivery that kills whoever plays it, and that a rebuild meets first, is found and set aside there."""

import threading
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.custom.discovery import Discovered, discover
from projections.install import install_own
from projections.projection import Projection
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.api import running_api
from tests.support.deliveries import append_events, event, topic_in
from tests.support.own import APPLY, write_projection
from tests.support.postgres import PARTITIONS
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

DEADLINE_SECONDS = 60.0
NEIGHBOURS = 150
# What the projection does to its process once the flag is there.
DEATHS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "hanging": "time.sleep(600)",
    "session ended": "connection.execute('SELECT eventlog.fatal()')",
}
DIES = f"""
import os
import signal
import time
{APPLY}
    if any(event.event_id == "killer" for event in batch) and os.path.exists({{flag!r}}):
        {{death}}
"""
FATAL_FUNCTION = """
    CREATE FUNCTION eventlog.fatal() RETURNS boolean LANGUAGE sql SECURITY DEFINER
        AS 'SELECT pg_terminate_backend(pg_backend_pid())';
    GRANT EXECUTE ON FUNCTION eventlog.fatal TO eventlog_projector;
"""
QUARANTINED = "SELECT q.event_id, q.sqlstate FROM quarantine AS q"


class Deadly:
    """A projection that is installed and harmless, until arm() is called."""

    def __init__(self, dsn: str, folder: Path, death: str) -> None:
        self._flag = folder / "deadly"
        self.place = write_projection(folder, "own", DIES.format(flag=str(self._flag), death=DEATHS[death]))
        self.found: Discovered = discover(str(self.place))
        assert install_own(dsn, self.found).faults == []

    @property
    def projection(self) -> Projection:
        return next(each for each in self.found.projections if each.name == "own")

    def arm(self) -> None:
        self._flag.touch()


@pytest.fixture
def death() -> str:
    return "killed"


@pytest.fixture
def deadly(database: str, connection: Connection, tmp_path: Path, death: str) -> Deadly:
    """Return it with a log that it has projected."""
    connection.execute(FATAL_FUNCTION.encode())
    made = Deadly(database, tmp_path, death)
    events = [event(topic_in(n % PARTITIONS)) for n in range(NEIGHBOURS)]
    append_events(database, [*events, event(topic_in(0), "killer"), *events[:50]])
    project_all(database, projections=made.found.projections)
    made.arm()
    return made


@pytest.mark.parametrize("death", DEATHS)
def test_it_is_set_aside_and_its_neighbours_go_on(
    database: str, connection: Connection, deadly: Deadly, monkeypatch: pytest.MonkeyPatch, death: str
) -> None:
    with monkeypatch.context() as patch:
        if death == "hanging":
            patch.setattr("projections.play.APPLY_SECONDS_MAX", 0.0)
            patch.setattr("projections.play.STEP_TIMEOUT_MILLISECONDS", 0)
            patch.setattr("projections.rebuilding.subprocess_player.GRACE_SECONDS", 2.0)
        outcome = rebuild(database, deadly.projection)
    assert (outcome.version, outcome.deliveries) == (2, NEIGHBOURS + 51)
    assert connection.execute(QUARANTINED).fetchall() == [("killer", "EL001")]
    assert scalar(connection, "SELECT count(*) FROM own_2.kept") == NEIGHBOURS
    assert verify(database, deadly.projection).differing == []


def test_the_api_that_is_asked_for_the_rebuild_lives_on(
    database: str, connection: Connection, deadly: Deadly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTLOG_PROJECTIONS", str(deadly.place))
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=15) as client:
        begun = client.post("/projections/own/rebuild")
        assert begun.status_code == 202, begun.text
        where = begun.headers["location"]
        until(lambda: client.get(where).json()["state"] != "running", deadline_seconds=DEADLINE_SECONDS)
        assert client.get(where).json()["error"] is None
        assert client.get("/projections/own").json()["version"] == 2
    assert connection.execute(QUARANTINED).fetchall() == [("killer", "EL001")]


def test_what_is_appended_while_workers_catch_it_up_is_found_too(
    database: str, connection: Connection, deadly: Deadly
) -> None:
    outcomes = []
    with psycopg.connect(database) as reader:
        # The switch waits for this snapshot.
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT FROM own_1.kept LIMIT 1")
        under_way = threading.Thread(target=lambda: outcomes.append(rebuild(database, deadly.projection)))
        under_way.start()
        claimed = "SELECT count(*) FROM claims WHERE projection = 'own' AND version = 2"
        until(lambda: scalar(connection, claimed), deadline_seconds=DEADLINE_SECONDS)
        append_events(database, [event(topic_in(1), "killer"), event(topic_in(1), "after")])
        until(
            lambda: scalar(connection, "SELECT count(*) FROM quarantine WHERE version = 2") == 2,
            deadline_seconds=DEADLINE_SECONDS,
        )
    under_way.join(DEADLINE_SECONDS)
    assert [outcome.version for outcome in outcomes] == [2]
    until(lambda: scalar(connection, "SELECT count(*) FROM own_2.kept") == NEIGHBOURS + 1)


def test_a_program_that_is_broken_ends_the_rebuild_and_says_why(database: str, tmp_path: Path) -> None:
    broken = "def apply(batch, connection):\n    raise RuntimeError('oops')\n"
    found = discover(str(write_projection(tmp_path, "own", broken)))
    assert install_own(database, found).faults == []
    append_events(database, [event()])
    with pytest.raises(Exception, match="oops"):
        rebuild(database, found.projections[-1], Options(workers=1))
