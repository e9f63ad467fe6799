"""Plans of the hot reads: along the indexes, on statistics that know nothing, at a cost that stays.

Costs are counted in pages read from the buffers, which a busy machine does not change.
"""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from eventlog.sessions.database import connect
from eventlog.statements import statement
from projections.read import ByTime, TimeKey, topics_like
from projections.read.events import Direction, _bounds, page_query
from tests.support.deliveries import append_events, event
from tests.support.postgres import PARTITIONS, at_database, cloned_database
from tests.support.projecting import project_all

Connection = psycopg.Connection[TupleRow]

EVENTS = 20_000
HOT = "order.created"


@pytest.fixture(scope="module")
def filled(server: EmbeddedServer, template: str) -> Iterator[Connection]:
    """Yield a reader of 20,000 events of 50 topics, the tables never analyzed; nothing here writes to it."""
    made = [
        event(
            HOT if number % 2 else f"misc.{number % 98}",
            f"e{number}",
            timestamp=f"2025-10-{1 + number // 1000:02}T10:{number // 60 % 60:02}:{number % 60:02}Z",
        )
        for number in range(EVENTS)
    ]
    with cloned_database(server, template) as name:
        database = at_database(server.dsn, name)
        for start in range(0, EVENTS, 5_000):
            append_events(database, made[start : start + 5_000])
        project_all(database, batch_size=5_000)
        with connect(database, "reader", "read") as reader:
            yield reader


def explain(reader: Connection, read: sql.SQL, parameters: dict[str, Any]) -> dict[str, Any]:
    """Run a statement as reads do; return its plan."""
    query = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + read
    with reader.transaction():
        reader.execute(statement("read/plan"))
        reader.execute(query, parameters)  # once for the catalog's sake
        row = reader.execute(query, parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def assert_along_indexes(plan: dict[str, Any], *indexes: str) -> None:
    """Fail when a table is read whole, or an index is not used."""
    kinds = {(node["Node Type"], node.get("Index Name", node.get("Relation Name"))) for node in nodes(plan)}
    whole = {kind for kind in kinds if kind[0] in ("Seq Scan", "Bitmap Heap Scan", "Parallel Seq Scan")}
    assert not whole, json.dumps(plan, indent=1)
    used = {name for _, name in kinds}
    assert set(indexes) <= used, used


def pages_read(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def time_bounds(**fields: Any) -> dict[str, Any]:
    wanted = ByTime(limit=100, **fields)
    return _bounds(wanted, wanted.topics.partitions(PARTITIONS), wanted.ends)


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_a_late_page_costs_what_the_first_one_does(filled: Connection, direction: Direction) -> None:
    first = explain(filled, page_query("read/by_time", direction), time_bounds())
    assert_along_indexes(first, "events_by_time")
    middle = TimeKey("2025-10-11T10:00:00Z", HOT, "e10000")
    later = explain(
        filled, page_query("read/by_time", direction), time_bounds(after=middle, direction=direction)
    )
    assert_along_indexes(later, "events_by_time")
    assert later["Actual Rows"] == 101  # one more than wanted
    assert pages_read(later) <= pages_read(first) * 1.3
    # 100 events of each partition, a table page each at worst, and the way down the indexes.
    assert pages_read(first) < 100 * PARTITIONS + 100 * 5


def test_one_topic_reads_one_partition(filled: Connection) -> None:
    plan = explain(filled, page_query("read/by_time", "ascending"), time_bounds(topics=topics_like(HOT)))
    [scan] = [node for node in nodes(plan) if node.get("Index Name") == "events_by_time"]
    assert scan["Actual Loops"] == 1
    # And those of the same moment as the last, in groups of at least 32.
    assert scan["Actual Rows"] < 100 + 64


def test_other_topics_are_left_out_within_the_index(filled: Connection) -> None:
    plan = explain(filled, page_query("read/by_time", "ascending"), time_bounds(topics=topics_like("misc.4")))
    [scan] = [node for node in nodes(plan) if node.get("Index Name") == "events_by_time"]
    assert scan.get("Rows Removed by Filter", 0) == 0, "rows of other topics were read"


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_how_far_a_page_looks_is_found_within_the_index(filled: Connection, direction: Direction) -> None:
    bounds = {**time_bounds(source="nobody", direction=direction), "scan": 1_000}
    plan = explain(filled, page_query("read/horizon", direction), bounds)
    [scan] = [node for node in nodes(plan) if node["Node Type"] == "Index Only Scan"]
    assert scan["Index Name"] == "events_by_time"
    assert scan["Actual Rows"] <= 1_001


def test_an_event_id_costs_one_probe_a_partition(filled: Connection) -> None:
    plan = explain(filled, page_query("read/by_event_id", "ascending"), time_bounds(event_id="e77"))
    probes = [node for node in nodes(plan) if node.get("Index Name") == "event_once"]
    assert [node["Actual Loops"] for node in probes] == [PARTITIONS]


def test_log_order_reads_a_bounded_stretch(filled: Connection) -> None:
    parameters = {
        **time_bounds(),
        "positions": [0] * PARTITIONS,
        "through": None,
        "scan": 100,
        "since": "1970-01-01Z",
        "until": "infinity",
    }
    first = explain(filled, statement("read/by_position"), parameters)
    assert_along_indexes(first, "event_once")
    later = explain(filled, statement("read/by_position"), {**parameters, "positions": [1_000] * PARTITIONS})
    assert_along_indexes(later, "event_once")
    assert pages_read(later) <= pages_read(first) * 1.3 + 20


def test_outcomes_cost_a_few_probes_each(filled: Connection) -> None:
    places = {"partitions": [0] * 100, "positions": list(range(1, 101))}
    plan = explain(filled, statement("read/outcomes"), places)
    assert_along_indexes(plan, "event_once", "quarantined_delivery", "conflict_of_duplicate")
