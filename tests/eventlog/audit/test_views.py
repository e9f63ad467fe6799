"""The audit views: what they say of a log that has everything in it, and that they say what they are."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.catalogue import view_of
from eventlog.embedded import EmbeddedServer
from eventlog.statements import statement
from projections.drop import drop
from projections.projection import CORE
from projections.rebuilding.rebuild import rebuild
from tests.eventlog.audit.conftest import Asking
from tests.support.deliveries import insert_behind_the_door
from tests.support.postgres import cloned_database
from tests.support.projecting import project_all
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

OUTCOMES = """
    SELECT outcome, count(*) FROM deliveries GROUP BY outcome ORDER BY outcome
"""


def counts(asking: Asking, query: str) -> list[tuple[str | None, ...]]:
    return [tuple(row) for row in asking(query).rows]


@pytest.fixture
def database_name(server: EmbeddedServer, filled_log: str) -> Iterator[str]:
    """Copy a log of which the last deliveries are not projected."""
    with cloned_database(server, filled_log) as name:
        yield name


@pytest.fixture
def filled(database: str) -> str:
    return database


def test_outcomes_agree_with_the_books(filled: str, asking: Asking) -> None:
    outcomes = {outcome: int(number or 0) for outcome, number in counts(asking, OUTCOMES)}
    (books,) = counts(
        asking,
        "SELECT unique_events, duplicates, conflicts, quarantined, pending, received, balanced FROM books",
    )
    unique, duplicates, conflicts, quarantined, pending, received = map(int, (v or 0 for v in books[:6]))
    assert outcomes == {
        "unique": unique,
        "duplicate": duplicates - conflicts,
        "conflict": conflicts,
        "quarantined": quarantined,
        "pending": pending,
    }
    assert min(outcomes.values()) > 0
    assert (sum(outcomes.values()), books[6]) == (received, "t")


def test_the_partitions_books_add_up(filled: str, asking: Asking) -> None:
    totals = (
        "sum(received), sum(unique_events), sum(duplicates), sum(conflicts), sum(quarantined), sum(pending)"
    )
    assert counts(asking, f"SELECT {totals} FROM books_by_partition") == counts(
        asking, "SELECT received, unique_events, duplicates, conflicts, quarantined, pending FROM books"
    )


def test_an_events_history_has_all_its_deliveries(filled: str, asking: Asking) -> None:
    differing = asking(
        "SELECT topic, event_id, delivery, outcome FROM event_history"
        " EXCEPT SELECT topic, event_id, delivery, outcome FROM deliveries"
        " UNION ALL ("
        " SELECT topic, event_id, delivery, outcome FROM deliveries"
        " EXCEPT SELECT topic, event_id, delivery, outcome FROM event_history)"
    )
    assert differing.rows == []


def test_later_deliveries_name_the_first(filled: str, asking: Asking) -> None:
    named = asking(
        "SELECT count(*) FROM duplicates AS d JOIN deliveries AS i USING (delivery)"
        " JOIN deliveries AS f ON f.delivery = i.first_delivery"
        " WHERE (f.topic, f.event_id, f.outcome) = (i.topic, i.event_id, 'unique')"
        " AND d.first_delivery = i.first_delivery AND (d.topic, d.event_id) = (i.topic, i.event_id)"
    )
    assert counts(asking, "SELECT duplicates FROM books") == [tuple(named.rows[0])]


def test_conflicts_have_both_contents(filled: str, asking: Asking) -> None:
    same = (
        "SELECT count(*) FROM conflicts WHERE (first_source, first_payload::jsonb) = (source, payload::jsonb)"
    )
    assert counts(asking, same) == [("0",)]
    assert counts(asking, "SELECT count(*) > 0 FROM conflicts") == [("t",)]


def test_a_text_that_cannot_be_read_ends_no_question(
    filled: str, asking: Asking, connection: Connection
) -> None:
    insert_behind_the_door(
        connection, ['{"source": "x", "payload": {"a": "\\u0000"}}'], topic="unread", event_id="1"
    )
    one = asking("SELECT source, payload, outcome FROM event_history WHERE topic = 'unread'")
    assert one.rows == [[None, None, "pending"]]
    for view in ("deliveries", "event_history"):
        assert asking(f"SELECT * FROM {view}").rows


def test_there_are_no_gaps_until_there_is_one(filled: str, asking: Asking, superuser_dsn: str) -> None:
    assert asking("SELECT * FROM gaps").rows == []
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE eventlog.inbox_1 DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM eventlog.inbox_1 WHERE position IN (3, 4, 7)")
    assert counts(asking, "SELECT partition, first_missing, last_missing FROM gaps ORDER BY 2") == [
        ("1", "3", "4"),
        ("1", "7", "7"),
    ]


def test_a_moment_is_found_in_every_partition(filled: str, asking: Asking, connection: Connection) -> None:
    """received_at never runs backwards, but many deliveries may share one."""
    wrong = connection.execute(
        "SELECT i.partition, i.position FROM eventlog.inbox AS i"
        " WHERE audit.position_at(i.partition, i.received_at) <> ("
        "   SELECT min(j.position) FROM eventlog.inbox AS j"
        "   WHERE j.partition = i.partition AND j.received_at >= i.received_at)"
    ).fetchall()
    assert wrong == []
    heads = "SELECT count(*) FROM partitions WHERE position_at(partition, 'infinity') <> head + 1"
    assert counts(asking, heads) == [("0",)]


def test_received_per_minute_counts_every_delivery(filled: str, asking: Asking) -> None:
    assert counts(asking, "SELECT sum(deliveries) FROM received_per_minute") == counts(
        asking, "SELECT received FROM books"
    )


def test_the_views_follow_a_rebuild_and_outlive_a_drop(filled: str, asking: Asking) -> None:
    project_all(filled)
    before = counts(asking, OUTCOMES)
    rebuild(filled, CORE)
    assert counts(asking, OUTCOMES) == before
    drop(filled, CORE.name)
    with pytest.raises(Exception, match="projection core is dropped; a rebuild brings it back"):
        asking("SELECT * FROM events")
    rebuild(filled, CORE)
    project_all(filled)
    assert counts(asking, OUTCOMES) == before


def test_every_view_and_every_column_says_what_it_is(connection: Connection) -> None:
    views = [view_of(*row) for row in connection.execute(statement("audit/schema"))]
    assert len(views) >= 20
    assert [view.name for view in views if not view.comment] == []
    assert [(v.name, column.name) for v in views for column in v.columns if not column.comment] == []


def test_the_schema_says_what_it_was_made_of(connection: Connection) -> None:
    assert "sha256" in str(
        scalar(connection, "SELECT obj_description('audit'::regnamespace, 'pg_namespace')")
    )
