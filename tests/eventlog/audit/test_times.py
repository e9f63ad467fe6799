"""Questions about a time of the log: what they count is what the deliveries themselves say."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.limits import StatementLimits
from eventlog.audit.statement_request import ask_question
from eventlog.embedded import EmbeddedServer
from projections.projection import CORE
from tests.eventlog.audit.conftest import ASKER, Asking
from tests.support.postgres import at_database, cloned_database
from tests.support.projecting import project_all
from tests.support.workload import fill_log

# By the outcome of each delivery, which is looked up one by one.
ONE_BY_ONE = """
    SELECT date_bin('100 milliseconds', received_at, :since::timestamptz) AS moment, count(*) AS received,
           count(*) FILTER (WHERE outcome = 'unique') AS unique_events,
           count(*) FILTER (WHERE outcome IN ('duplicate', 'conflict')) AS duplicates,
           count(*) FILTER (WHERE outcome = 'conflict') AS conflicts,
           count(*) FILTER (WHERE outcome = 'quarantined') AS quarantined,
           count(*) FILTER (WHERE outcome = 'pending') AS pending
    FROM deliveries
    WHERE received_at >= :since::timestamptz AND received_at < :until::timestamptz
    GROUP BY 1
    ORDER BY 1
"""
AT_ONCE = """
    SELECT * FROM books_over_time(:since::timestamptz, :until::timestamptz, '100 milliseconds')
    WHERE received > 0
"""
COUNTED_BY_SOURCE = """
    SELECT source, count(*), count(*) FILTER (WHERE outcome IN ('duplicate', 'conflict')) AS duplicates
    FROM deliveries
    WHERE received_at >= :since::timestamptz AND received_at < :until::timestamptz
    GROUP BY source
    ORDER BY duplicates DESC, source
"""
TIMES = (
    "SELECT min(received_at), max(received_at), date_trunc('milliseconds', max(received_at)) FROM deliveries"
)

Rows = list[tuple[str | None, ...]]


@pytest.fixture
def database_name(server: EmbeddedServer, filled_log: str) -> Iterator[str]:
    """Copy a log of which the last deliveries are not projected."""
    with cloned_database(server, filled_log) as name:
        yield name


@pytest.fixture
def filled(database: str) -> str:
    return database


@pytest.fixture
def times(filled: str, asking: Asking) -> list[tuple[str, str]]:
    """Return times that begin and end within the log, and beyond it."""
    first, last, latest = (str(moment) for moment in rows(asking, TIMES)[0])
    (middle,) = rows(asking, "SELECT received_at FROM deliveries ORDER BY 1 OFFSET 170 LIMIT 1")[0]
    return [(first, last), (first, str(middle)), (str(middle), "tomorrow"), ("yesterday", latest)]


def rows(asking: Asking, query: str, **parameters: str) -> Rows:
    return [tuple(row) for row in asking(query, parameters or None).rows]


def asked(asking: Asking, name: str, **parameters: str) -> Rows:
    return [
        tuple(r) for r in asking.auditor.ask(ask_question(name, parameters), ASKER, StatementLimits()).rows
    ]


def test_the_books_over_time_are_those_of_each_delivery(asking: Asking, times: list[tuple[str, str]]) -> None:
    for since, until in times:
        counted = rows(asking, ONE_BY_ONE, since=since, until=until)
        assert counted
        assert rows(asking, AT_ONCE, since=since, until=until) == counted


def test_the_books_of_all_time_are_the_books(filled: str, asking: Asking) -> None:
    columns = (
        "sum(received), sum(unique_events), sum(duplicates), sum(conflicts), sum(quarantined), sum(pending)"
    )
    all_time = "books_over_time('-infinity', 'infinity', '5 minutes')"
    (totals,) = rows(asking, f"SELECT {columns} FROM {all_time}")
    assert min(int(total or 0) for total in totals) > 0
    assert rows(asking, f"SELECT {columns} FROM books") == [totals]


def test_an_empty_log_has_empty_books(server: EmbeddedServer, template: str) -> None:
    with cloned_database(server, template) as name:
        asking = Asking(at_database(server.dsn, name))
        assert all(int(row[1] or 0) == 0 for row in asked(asking, "one_day"))
        assert asked(asking, "duplicates_by_source") == []


def test_a_span_has_the_deliveries_of_its_time(asking: Asking, times: list[tuple[str, str]]) -> None:
    spanned = "SELECT sum(past - first) FROM span(:since::timestamptz, :until::timestamptz)"
    counted = (
        "SELECT count(*) FROM deliveries"
        " WHERE received_at >= :since::timestamptz AND received_at < :until::timestamptz"
    )
    for since, until in times:
        assert rows(asking, spanned, since=since, until=until) == rows(
            asking, counted, since=since, until=until
        )


@pytest.mark.parametrize("latest", [0, 1, 17, 150, 10_000])
def test_a_span_can_be_the_latest_so_many(filled: str, asking: Asking, latest: int) -> None:
    """Those of one moment come all of them or none."""
    (found,) = rows(
        asking,
        f"SELECT sum(past - first), min(counted_since) FROM span('-infinity', 'infinity', {latest})",
    )
    (since,) = rows(
        asking, "SELECT count(*) FROM deliveries WHERE received_at >= :since", since=str(found[1])
    )
    assert since == (found[0],)
    (moments,) = rows(
        asking,
        "SELECT max(number) FROM (SELECT sum(count(*)) OVER (ORDER BY received_at DESC) AS number"
        f" FROM deliveries GROUP BY received_at) AS m WHERE number <= {latest}",
    )
    assert int(found[0] or 0) == int(moments[0] or 0)


def test_sources_and_their_duplicates_are_those_of_each_delivery(
    asking: Asking, times: list[tuple[str, str]]
) -> None:
    for since, until in times:
        found = asked(asking, "duplicates_by_source", since=since, until=until)
        assert [row[:3] for row in found] == rows(asking, COUNTED_BY_SOURCE, since=since, until=until)


def test_the_topics_of_a_day_have_also_what_the_timeline_has_not_got_to(
    filled: str, asking: Asking, connection: psycopg.Connection[TupleRow]
) -> None:
    project_all(filled, projections=[CORE])
    fill_log(filled, 5, seed=9)
    (lag,) = rows(asking, "SELECT sum(lag_deliveries) FROM lag WHERE projection = 'timeline'")[0]
    assert int(lag or 0) > 0
    counted = "SELECT topic, count(*) FROM deliveries GROUP BY topic ORDER BY 2 DESC, topic"
    assert [row[:2] for row in asked(asking, "topics_of_a_day")] == rows(asking, counted)


def test_what_came_late_is_told_the_latest_first(filled: str, asking: Asking) -> None:
    found = asked(asking, "late_events", most="5")
    assert [row[-2] for row in found] == [
        row[0]
        for row in rows(
            asking,
            'SELECT delivery FROM deliveries WHERE "timestamp" IS NOT NULL'
            ' ORDER BY received_at - "timestamp" DESC LIMIT 5',
        )
    ]
    assert asked(asking, "late_events", later_than="1000 years") == []
