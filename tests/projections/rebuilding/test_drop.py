"""A dropped projection reads as dropped, leaves what others have built on it, and comes back."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.drop import drop
from projections.errors import ProjectionInUse, ProjectionUnknown
from projections.projection import CORE
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.contents import content_of_live
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


def test_reading_it_says_that_it_is_dropped(database: str, connection: Connection) -> None:
    assert drop(database, "core").was_live
    for view in ("events", "duplicates", "conflicts", "stats"):
        with pytest.raises(psycopg.errors.UndefinedTable, match="projection core is dropped"):
            connection.execute(f"SELECT count(*) FROM {view}")
    assert scalar(connection, "SELECT to_regnamespace('core_1')") is None
    assert scalar(connection, "SELECT count(*) FROM inbox") != 0
    assert not drop(database, "core").was_live


def test_a_rebuild_brings_it_back(database: str, connection: Connection) -> None:
    before = content_of_live(database, CORE)
    drop(database, "core")
    assert rebuild(database, CORE).version == 2
    assert content_of_live(database, CORE) == before
    assert scalar(connection, "SELECT count(*) FROM events") != 0


def test_what_others_have_built_on_the_stable_views_survives(database: str, connection: Connection) -> None:
    connection.execute("CREATE SCHEMA shop")
    connection.execute("CREATE VIEW shop.orders AS SELECT topic, payload FROM eventlog.events")
    before = scalar(connection, "SELECT count(*) FROM shop.orders")
    rebuild(database, CORE)
    assert scalar(connection, "SELECT count(*) FROM shop.orders") == before
    drop(database, "core")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT count(*) FROM shop.orders")
    rebuild(database, CORE)
    assert scalar(connection, "SELECT count(*) FROM shop.orders") == before
    assert scalar(connection, "SELECT has_table_privilege('eventlog_reader', 'eventlog.events', 'SELECT')")


def test_views_of_others_on_its_tables_are_not_dropped_along(database: str, connection: Connection) -> None:
    connection.execute("CREATE SCHEMA shop")
    connection.execute("CREATE VIEW shop.raw AS SELECT topic FROM core_1.events")
    with pytest.raises(ProjectionInUse, match=r"shop\.raw"):
        drop(database, "core")
    assert scalar(connection, "SELECT count(*) FROM events") != 0
    outcome = rebuild(database, CORE, Options(workers=1))
    assert outcome.kept == ["core_1"]
    assert scalar(connection, "SELECT count(*) FROM shop.raw") != 0
    connection.execute("DROP VIEW shop.raw")
    rebuild(database, CORE)
    assert scalar(connection, "SELECT to_regnamespace('core_1')") is None


def test_in_place_it_comes_back_as_another_version(database: str) -> None:
    before = content_of_live(database, CORE)
    assert rebuild(database, CORE, Options(in_place=True)).version == 2
    assert content_of_live(database, CORE) == before
    assert verify(database, CORE).differing == []


def test_what_is_not_there_cannot_be_dropped(database: str) -> None:
    with pytest.raises(ProjectionUnknown):
        drop(database, "nosuch")
