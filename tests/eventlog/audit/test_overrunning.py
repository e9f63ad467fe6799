"""Questions that PostgreSQL cannot end harm nobody: not who asks next, not a rebuild, not a stop.

Their backends are stopped by a signal here, which no time limit, cancel or termination gets through to.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit import sessions
from eventlog.audit.errors import AuditBusy, StatementFailed
from eventlog.audit.limits import AT_ONCE_MAX, OVERRUNNING_MAX
from eventlog.embedded import EmbeddedServer, shutdown_watch, stop_running
from eventlog.statements import statement
from projections import versions
from projections.doctor.auditor import check_auditor, check_elsewhere
from projections.drop import Dropped, drop
from projections.install import set_up
from projections.projection import CORE, TIMELINE, Projection
from projections.rebuilding.rebuild import Options, rebuild
from tests.eventlog.audit.conftest import Asking
from tests.support.api import running_api
from tests.support.deliveries import append_events, event
from tests.support.postgres import FAST, PARTITIONS, quick_directory
from tests.support.processes import is_alive
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

# Has read, and so has locked, what a rebuild of either projection changes; and goes on without an end.
ENDLESS = (
    "SELECT count(*) FROM (SELECT generate_series(1, 1000000000000),"
    " (SELECT count(*) FROM deliveries), (SELECT count(*) FROM events),"
    " (SELECT count(*) FROM duplicates), (SELECT count(*) FROM conflicts),"
    " (SELECT count(*) FROM books_by_topic), (SELECT count(*) FROM received_by_topic)) AS n /* {name} */"
)
ASKED = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%/* ' || %s || ' */'"


class Stuck:
    """Statements whose backends are stopped, and what their askers were told."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.pids: list[int] = []
        self.told: list[StatementFailed] = []

    def add(self, number: int) -> None:
        """Ask so many at once; stop their backends; wait until they are given up."""
        names = [f"stuck {len(self.pids) + n}" for n in range(number)]
        askers = [threading.Thread(target=self._ask, args=(name,)) for name in names]
        for asker in askers:
            asker.start()
        for name in names:
            self._stop(name)
        for asker in askers:
            asker.join(60)

    def _ask(self, name: str) -> None:
        with pytest.raises(StatementFailed) as failed:
            Asking(self.dsn)(ENDLESS.format(name=name), seconds=2.0)
        self.told.append(failed.value)

    def _stop(self, name: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            row = until(lambda: connection.execute(ASKED, (name,)).fetchone(), message="it never ran")
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)
        self.pids.append(row[0])

    def go_on(self) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.pids.clear()


@contextmanager
def stuck_in(dsn: str) -> Iterator[Stuck]:
    stuck = Stuck(dsn)
    try:
        yield stuck
    finally:
        stuck.go_on()


@pytest.fixture(scope="module")
def stuck(bindir: Path | None) -> Iterator[Stuck]:
    """As many as may run at once, all stuck, in a server of their own."""
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=FAST) as server:
        set_up(server.dsn, PARTITIONS)
        append_events(server.dsn, [event()])
        project_all(server.dsn)
        with stuck_in(server.dsn) as stuck:
            stuck.add(AT_ONCE_MAX)
            yield stuck


@pytest.fixture
def owner(stuck: Stuck) -> Iterator[Connection]:
    with psycopg.connect(stuck.dsn, autocommit=True) as connection:
        yield connection


def overrunning(owner: Connection) -> int:
    return len(owner.execute(statement("audit/overrunning")).fetchall())


def test_who_asked_is_told_that_it_runs_on(stuck: Stuck, owner: Connection) -> None:
    assert {told.code for told in stuck.told} == {"statement_timed_out"}
    assert all("runs on" in told.message for told in stuck.told)
    ended = "SELECT count(*) FROM eventlog.console_statements WHERE sqlstate = '57014'"
    assert scalar(owner, ended) == len(stuck.told)


def test_who_asks_next_is_answered(stuck: Stuck) -> None:
    assert Asking(stuck.dsn)("SELECT balanced FROM books").rows == [["t"]]


def test_they_are_counted_and_told(stuck: Stuck, owner: Connection) -> None:
    until(lambda: overrunning(owner) == len(stuck.pids), message="not all of them are known")
    *_, finding = check_auditor(owner)
    assert (finding.name, finding.status) == ("questions", "warning")
    assert finding.found.startswith(f"{len(stuck.pids)} of {OVERRUNNING_MAX}")
    elsewhere = psycopg.conninfo.make_conninfo(stuck.dsn, user="eventlog_auditor")
    assert check_elsewhere(elsewhere).status == "warning"
    with running_api(stuck.dsn, workers=0) as url, httpx2.Client(base_url=url, timeout=30) as client:
        assert f"eventlog_sql_overrunning {len(stuck.pids)}.0\n" in client.get("/metrics").text
        assert finding.found in client.get("/health/findings").text


def test_a_drop_and_a_rebuild_in_place_leave_them_their_tables(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "RETIRE_SECONDS", 0.2)
    in_place = rebuild(stuck.dsn, CORE, Options(in_place=True))
    assert (in_place.attempts, in_place.kept) == (1, ["core_1"])
    assert drop(stuck.dsn, TIMELINE.name) == Dropped(was_live=True, kept=["timeline_1"])
    with pytest.raises(StatementFailed, match="timeline is dropped"):
        Asking(stuck.dsn)("SELECT * FROM received_by_topic")
    assert rebuild(stuck.dsn, TIMELINE).kept == ["timeline_1"]
    assert Asking(stuck.dsn)("SELECT sum(received) FROM received_by_topic").rows == [["1"]]


@pytest.mark.parametrize("projection", [CORE, TIMELINE], ids=["core", "timeline"])
def test_a_rebuild_switches_and_who_asks_next_reads_it(stuck: Stuck, projection: Projection) -> None:
    outcome = rebuild(stuck.dsn, projection)
    assert outcome.attempts == 1
    append_events(stuck.dsn, [event()])
    project_all(stuck.dsn)
    asking = Asking(stuck.dsn)
    live = "SELECT live_version FROM projections WHERE projection = $1"
    assert asking(live, [projection.name]).rows == [[str(outcome.version)]]
    assert asking("SELECT balanced, pending FROM books").rows == [["t", "0"]]
    assert asking("SELECT count(*) FROM deliveries WHERE outcome <> 'unique'").rows == [["0"]]
    by_topic = "SELECT sum(r.received) = (SELECT b.received FROM books AS b) FROM received_by_topic AS r"
    assert asking(by_topic).rows == [["t"]]


def test_no_more_run_over_than_may(stuck: Stuck, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: overrunning(owner) == len(stuck.pids), message="not all of them are known")
    monkeypatch.setattr(sessions, "OVERRUNNING_MAX", len(stuck.pids))
    with pytest.raises(AuditBusy, match="run over their time"):
        Asking(stuck.dsn)("SELECT 1")


@pytest.mark.parametrize("how", ["by its owner", "by another"])
def test_a_stop_waits_for_none_of_them(
    how: str, bindir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutdown_watch, "SESSION_SECONDS_MAX", 1.0)
    said: list[str] = []
    with quick_directory() as data_dir:
        server = EmbeddedServer(data_dir, bindir=bindir, options=FAST)
        server.start() if how == "by its owner" else server.start_detached()
        pid = server.pid
        set_up(server.dsn, PARTITIONS)
        append_events(server.dsn, [event()])
        with psycopg.connect(server.dsn) as session:
            os.kill(session.info.backend_pid, signal.SIGSTOP)
            if how == "by its owner":
                server.stop(said.append)
            else:
                assert stop_running(data_dir, say=said.append)
        assert not is_alive(pid)
        assert "ended at once" in said[0]
        with EmbeddedServer(data_dir, bindir=bindir, options=FAST) as again:
            assert Asking(again.dsn)("SELECT received FROM books").rows == [["1"]]
