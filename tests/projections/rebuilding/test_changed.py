"""A projection that has changed stands still until it is rebuilt, and is rebuilt beside the old one."""

import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.errors import EventlogError
from projections.errors import ProjectionInUse
from projections.projection import CORE, TIMELINE, Projection
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.deliveries import append_events, event
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

# Some of them read the timeline.
AUDIT_VIEWS = """
SELECT viewname, has_table_privilege('eventlog_auditor', 'audit.' || viewname, 'SELECT')
FROM pg_views WHERE schemaname = 'audit' ORDER BY viewname
"""
LIVE = "SELECT live_version FROM projections WHERE name = 'timeline'"


def changed(folder: Path, file: str, old: str, new: str) -> Projection:
    """Return the timeline with a text of one of its files replaced."""
    if not folder.exists():
        # Its fill.sql says the same as its step, and would have to change along.
        shutil.copytree(TIMELINE.folder, folder, ignore=shutil.ignore_patterns("fill.sql"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return Projection(TIMELINE.name, folder, TIMELINE.topics, TIMELINE.each)


def test_it_stands_still_until_it_is_rebuilt(database: str, connection: Connection, tmp_path: Path) -> None:
    hourly = changed(tmp_path / "timeline", "step.sql", "1 minute", "1 hour")
    before = scalar(connection, "SELECT count(*) FROM timeline")
    with workers(database, projections=[CORE, hourly]):
        append_events(database, [event() for _ in range(10)])
        until(lambda: lag(connection) == 10)
        assert scalar(connection, "SELECT count(*) FROM timeline") == before
        assert rebuild(database, hourly, Options(verify=True)).version == 2
        until(lambda: lag(connection) == 0)
    hours = scalar(connection, "SELECT bool_and(minute = date_trunc('hour', minute)) FROM timeline")
    assert hours is True
    assert verify(database, hourly).differing == []


def test_its_views_may_change_their_columns(database: str, connection: Connection, tmp_path: Path) -> None:
    other = changed(tmp_path / "timeline", "step.sql", "1 minute", "1 hour")
    other = changed(tmp_path / "timeline", "views.sql", "SELECT partition, topic", "SELECT topic, partition")
    audit_views = connection.execute(AUDIT_VIEWS).fetchall()
    rebuild(database, other)
    assert scalar(connection, LIVE) == 2
    assert connection.execute(AUDIT_VIEWS).fetchall() == audit_views
    assert scalar(connection, "SELECT has_table_privilege('eventlog_reader', 'eventlog.timeline', 'SELECT')")


def test_views_of_others_keep_their_columns(database: str, connection: Connection, tmp_path: Path) -> None:
    connection.execute("CREATE VIEW public.busy AS SELECT topic FROM eventlog.timeline")
    other = changed(tmp_path / "timeline", "step.sql", "1 minute", "1 hour")
    other = changed(tmp_path / "timeline", "views.sql", "SELECT partition, topic", "SELECT topic, partition")
    with pytest.raises(ProjectionInUse, match="busy"):
        rebuild(database, other)
    assert scalar(connection, LIVE) == 1
    assert scalar(connection, "SELECT count(*) FROM public.busy") != 0


def test_one_that_is_broken_leaves_the_live_version_alone(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    broken = changed(tmp_path / "timeline", "step.sql", "count(*)", "count(*) / oops")
    with pytest.raises(EventlogError, match="oops"):
        rebuild(database, broken)
    assert scalar(connection, LIVE) == 1
    mended = changed(tmp_path / "timeline", "step.sql", "count(*) / oops", "count(*) + 0")
    assert rebuild(database, mended).version == 3
    assert scalar(connection, "SELECT to_regnamespace('timeline_2')") is None
