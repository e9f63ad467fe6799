"""A delivery that kills its worker is found and set aside, and everything else goes on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.deliveries import append_events, event, topic_in
from tests.support.own import APPLY, installed, write_projection
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

DEADLINE_SECONDS = 60.0
KILLS = f"""
import os
{APPLY}
    if any(event.event_id == "killer" for event in batch) and os.path.exists({{flag!r}}):
        os._exit(1)
"""
FATAL = (
    "INSERT INTO {schema}.kept SELECT b.partition, b.position FROM {batch} AS b"
    " WHERE CASE b.event_id WHEN 'killer' THEN eventlog.fatal() ELSE true END"
)
FATAL_FUNCTION = """
    CREATE FUNCTION eventlog.fatal() RETURNS boolean LANGUAGE sql SECURITY DEFINER
        AS 'SELECT pg_terminate_backend(pg_backend_pid())';
    GRANT EXECUTE ON FUNCTION eventlog.fatal TO eventlog_projector;
"""


class Supervised:
    """`eventlog worker`, started again whenever it has ended."""

    def __init__(self, dsn: str, place: Path) -> None:
        self._environment = {
            **os.environ,
            "EVENTLOG_DSN": dsn,
            "EVENTLOG_PROJECTIONS": str(place),
            "EVENTLOG_LOG_LEVEL": "error",
        }
        self.ended: list[int] = []
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eventlog", "worker", "--workers", "2"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )

    def tend(self) -> bool:
        """Start it again if it has ended; always true."""
        code = self._process.poll()
        if code is not None:
            self.ended.append(code)
            self._start()
        return True

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it cleanly; return how."""
        self._process.terminate()
        return self._process.wait(30)


@contextmanager
def supervised(dsn: str, place: Path) -> Iterator[Supervised]:
    running = Supervised(dsn, place)
    try:
        yield running
    finally:
        running.stop()


def test_what_kills_its_worker_is_set_aside_and_its_neighbours_go_on(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    flag = tmp_path / "kills"
    flag.touch()
    place = write_projection(tmp_path, "own", KILLS.format(flag=str(flag)))
    found = installed(database, place)
    topic = topic_in(0)
    events = [event(topic_in(n % PARTITIONS)) for n in range(150)]
    append_events(database, [*events, event(topic, "killer"), *events[:50]])
    with supervised(database, place) as worker:
        until(
            lambda: worker.tend() and lag(connection, found.projections) == 0,
            deadline_seconds=DEADLINE_SECONDS,
            message=lambda: f"the worker ended {len(worker.ended)} times",
        )
    # Once unnoticed, once among others, three times alone; or a few more, where a batch came between.
    assert 4 <= len(worker.ended) <= 8
    assert connection.execute("SELECT projection, event_id, sqlstate FROM quarantine").fetchall() == [
        ("own", "killer", "EL001")
    ]
    assert scalar(connection, "SELECT count(*) FROM own_1.kept") == 150
    own = next(each for each in found.projections if each.name == "own")
    # Both would die of it, if they did not take the decision as it is.
    assert verify(database, own).differing == []
    assert rebuild(database, own, Options(verify=True)).version == 2
    flag.unlink()
    assert rebuild(database, own, Options(retry=True)).version == 3
    assert scalar(connection, "SELECT count(*) FROM own_3.kept") == 151
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0
    assert verify(database, own).differing == []


def test_a_statement_that_ends_its_session_is_set_aside(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    connection.execute(FATAL_FUNCTION.encode())
    found = installed(database, write_projection(tmp_path, "own", step=FATAL))
    append_events(database, [event(event_id=name) for name in ("a", "b", "killer", "c")])
    with workers(database, 2, projections=found.projections):
        until(lambda: lag(connection, found.projections) == 0, deadline_seconds=DEADLINE_SECONDS)
    assert scalar(connection, "SELECT count(*) FROM own_1.kept") == 3
    assert connection.execute("SELECT event_id, sqlstate FROM quarantine").fetchall() == [("killer", "EL001")]


HANGS = APPLY + "    while any(event.event_id == 'killer' for event in batch):\n        pass\n"
SLEEPS = (
    "INSERT INTO {schema}.kept SELECT b.partition, b.position FROM {batch} AS b"
    " WHERE CASE b.event_id WHEN 'killer' THEN pg_sleep(600) IS NULL ELSE true END"
)


@pytest.mark.parametrize("files", [{"python": HANGS}, {"step": SLEEPS}], ids=["Python", "SQL"])
def test_what_hangs_is_set_aside_and_costs_no_worker(
    database: str,
    connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
) -> None:
    monkeypatch.setattr("projections.play.APPLY_SECONDS_MAX", 0.3)
    monkeypatch.setattr("projections.play.STEP_TIMEOUT_MILLISECONDS", 300)
    found = installed(database, write_projection(tmp_path, "own", **files))
    append_events(database, [event(event_id=name) for name in ("a", "b", "killer", "c")])
    with workers(database, 2, projections=found.projections) as running:
        until(lambda: lag(connection, found.projections) == 0, deadline_seconds=DEADLINE_SECONDS)
        until(lambda: all(worker.connected for worker in running))
    assert scalar(connection, "SELECT count(*) FROM own_1.kept") == 3
    assert connection.execute("SELECT event_id, sqlstate FROM quarantine").fetchall() == [("killer", "EL001")]


def test_a_worker_that_is_killed_from_outside_sets_nothing_aside(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "own", APPLY)
    found = installed(database, place)
    topic = topic_in(0)
    with supervised(database, place) as worker:
        for _ in range(6):
            append_events(database, [event(topic)])
            worker.kill()
            worker.tend()
        until(
            lambda: worker.tend() and lag(connection, found.projections) == 0,
            deadline_seconds=DEADLINE_SECONDS,
        )
    assert len(worker.ended) == 6
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0
    until(lambda: scalar(connection, "SELECT count(*) FROM worker_sessions") == 0)


def test_usually_nothing_is_announced(database: str, connection: Connection) -> None:
    with workers(database, 2, batch_size=3):
        append_events(database, [event() for _ in range(20)])
        until(lambda: lag(connection) == 0)
        assert scalar(connection, "SELECT count(*) FROM worker_sessions") == 2
    assert scalar(connection, "SELECT count(*) FROM worker_sessions") == 0
    assert scalar(connection, "SELECT n_tup_ins FROM pg_stat_all_tables WHERE relname = 'attempts'") == 0
