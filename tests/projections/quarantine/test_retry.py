"""What could not be projected is retried after a fix: its whole event again, in log order."""

import random

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.drop import drop
from projections.errors import OperationRefused
from projections.operations import operation
from projections.projection import CORE, Projection
from projections.quarantine.retry import Retried, Selection, retry, select
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.projections.conftest import log_of, rows_of
from tests.projections.contracts import CORE_CONTRACT, TIMELINE_CONTRACT
from tests.support.books import imbalances
from tests.support.deliveries import append_events, insert_behind_the_door
from tests.support.projecting import lag, project_all, workers
from tests.support.sessions import scalar
from tests.support.setting_aside import BAD, TOPIC, bad, break_tables, good, mend_tables, set_aside
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


def retried(
    dsn: str, owner: Connection, projection: Projection = CORE, **chosen: object
) -> list[tuple[str, str]]:
    selection = Selection(projection=projection.name, **chosen)  # type: ignore[arg-type]
    return [(each.delivery, each.outcome) for each in retry(dsn, projection, select(owner, selection))]


def equal_to_the_log(dsn: str, owner: Connection) -> None:
    """The tables are what a recount in plain Python gives, the books balance, and verify agrees."""
    log = log_of(dsn)
    for contract in (CORE_CONTRACT, TIMELINE_CONTRACT):
        assert rows_of(dsn, contract) == contract.recount(log)
        assert verify(dsn, contract.projection).differing == []
    assert imbalances(owner) == []


def test_an_event_that_had_none_is_there_and_counted(database: str, connection: Connection) -> None:
    set_aside(database, connection, [good("a"), bad("b"), good("c")])
    assert retried(database, connection) == [("1:2", "unique")]
    assert retried(database, connection) == []
    equal_to_the_log(database, connection)


def test_the_first_delivery_wins_also_when_it_comes_last(database: str, connection: Connection) -> None:
    first, other = bad("a"), good("a", payload={"n": 2})
    set_aside(database, connection, [first, other, good("a", timestamp=BAD[:-1] + "+01:00"), first])
    before = "SELECT position, first_position FROM duplicates ORDER BY position"
    assert connection.execute(before).fetchall() == [(3, 2), (4, 2)]
    assert retried(database, connection) == [("1:1", "unique")]
    assert connection.execute(before).fetchall() == [(2, 1), (3, 1), (4, 1)]
    assert connection.execute("SELECT position FROM conflicts").fetchall() == [(2,)]
    equal_to_the_log(database, connection)


def test_all_that_was_set_aside_of_an_event_comes_out_together(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad("a"), bad("a"), good("b"), bad("a", payload={"n": 2})])
    assert retried(database, connection, deliveries=[(1, 2)]) == [
        ("1:1", "unique"),
        ("1:2", "duplicate"),
        ("1:4", "conflict"),
    ]
    equal_to_the_log(database, connection)


def test_what_fails_again_changes_nothing_and_says_why(database: str, connection: Connection) -> None:
    append_events(database, [good("a")])
    insert_behind_the_door(connection, ["5"], topic=TOPIC, event_id="a")
    append_events(database, [good("a"), good("b")])
    project_all(database)
    before = connection.execute("SELECT steps, quarantine FROM steps, quarantine ORDER BY 1, 2").fetchall()
    chosen = select(connection, Selection(projection="core"))
    cause = chosen[0].cause
    assert retry(database, CORE, chosen) == [Retried("core", "1:2", TOPIC, "a", "quarantined", cause)]
    after = connection.execute("SELECT steps, quarantine FROM steps, quarantine ORDER BY 1, 2").fetchall()
    assert after == before
    assert scalar(connection, "SELECT count(*) FROM retries") == 0
    equal_to_the_log(database, connection)


def test_what_fails_for_another_reason_now_says_so(database: str, connection: Connection) -> None:
    why = "SELECT sqlstate, cause FROM quarantine ORDER BY position"
    set_aside(database, connection, [bad("a"), good("b"), bad("c")])
    before = connection.execute(why).fetchall()
    # A unique index instead of the constraint: "a" collides with what is there.
    connection.execute("CREATE UNIQUE INDEX once ON core_1.events (source)")
    retried(database, connection)
    after = connection.execute(why).fetchall()
    assert {sqlstate for sqlstate, _ in before} == {"23514"}
    assert {sqlstate for sqlstate, _ in after} == {"23505"}
    assert all("once" in cause for _, cause in after)
    connection.execute("DROP INDEX core_1.once")
    assert retried(database, connection, sqlstate="23505") == [("1:1", "unique"), ("1:3", "unique")]
    equal_to_the_log(database, connection)


def test_of_an_event_only_what_can_be_digested_now_comes_out(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, ["5"], topic=TOPIC, event_id="a")
    set_aside(database, connection, [bad("a"), good("a")])
    assert retried(database, connection) == [("1:1", "quarantined"), ("1:2", "unique")]
    equal_to_the_log(database, connection)


def test_what_came_out_with_its_event_is_not_retried_twice(database: str, connection: Connection) -> None:
    insert_behind_the_door(connection, ["5"], topic=TOPIC, event_id="a")
    set_aside(database, connection, [bad("a"), bad("a")])
    chosen = select(connection, Selection(projection="core"))
    assert len(retry(database, CORE, chosen)) == 3
    assert [each.delivery for each in retry(database, CORE, chosen)] == ["1:1"]
    equal_to_the_log(database, connection)


def test_nothing_is_given_up_for_it(database: str, connection: Connection) -> None:
    """A delivery that was projected and could not be any more keeps its event as it is."""
    break_tables(connection)
    append_events(database, [bad("a"), good("a")])
    project_all(database)
    mend_tables(connection)
    worse = 'ALTER TABLE core_1.duplicates ADD CONSTRAINT none CHECK ("position" <> 2) NOT VALID'
    connection.execute(worse.encode())
    (failed,) = retry(database, CORE, select(connection, Selection(projection="core")))
    assert failed.outcome == "quarantined"
    assert failed.cause is not None
    assert "1:2, which was projected before, cannot be any more" in failed.cause
    assert imbalances(connection) == []
    connection.execute("ALTER TABLE core_1.duplicates DROP CONSTRAINT none")
    assert retried(database, connection) == [("1:1", "unique")]


def test_the_change_is_announced_with_the_deliveries_that_it_touched(
    database: str, connection: Connection
) -> None:
    set_aside(database, connection, [bad("a"), good("a"), good("b"), bad("c"), good("a")])
    retried(database, connection)
    assert connection.execute(
        "SELECT number, event_id, positions, unique_count, duplicate_count, quarantined_count FROM retries"
        " WHERE projection = 'core' ORDER BY number"
    ).fetchall() == [(1, "a", [1, 2], 0, 1, -1), (2, "c", [4], 1, 0, -1)]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_retries_ends_where_a_replay_does(
    database: str, connection: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    events = [
        chance.choice([good, good, bad])(f"id-{chance.randint(1, 12)}", payload={"n": chance.randint(1, 2)})
        for _ in range(80)
    ]
    set_aside(database, connection, events)
    chosen = select(connection, Selection(projection="core"))
    while chosen:
        retry(database, CORE, [chance.choice(chosen)])
        assert imbalances(connection) == []
        chosen = select(connection, Selection(projection="core"))
    equal_to_the_log(database, connection)


def test_workers_go_on_meanwhile(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad(f"id-{n}") for n in range(40)])
    with workers(database, 2, batch_size=3):
        for n in range(40):
            append_events(database, [good(f"id-{n}"), good(f"id-{n}"), good(f"new-{n}")])
            position = n + 1
            assert retried(database, connection, deliveries=[(1, position)]) == [(f"1:{position}", "unique")]
        until(lambda: lag(connection) == 0)
    equal_to_the_log(database, connection)


def test_a_reader_sees_balanced_books_all_the_time(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad("a"), good("a"), bad("b")])
    found: list[str] = []
    with psycopg.connect(database, autocommit=True) as reader:
        retried(database, connection)
        found += imbalances(reader)
    assert found == []


def decided(owner: Connection, position: int) -> None:
    """Make of what the content explains a decision that it does not: its process died, say."""
    owner.execute("UPDATE quarantine SET sqlstate = 'EL001' WHERE position = %s", [position])


def test_a_decision_is_input_to_every_replay_until_it_is_retried(
    database: str, connection: Connection
) -> None:
    set_aside(database, connection, [bad("a"), good("a"), good("b")])
    decided(connection, 1)
    assert verify(database, CORE).differing == []
    rebuild(database, CORE)
    assert verify(database, CORE).differing == []
    assert scalar(connection, "SELECT count(*) FROM events WHERE position = 2") == 1
    drop(database, "core")
    rebuild(database, CORE)
    assert scalar(connection, "SELECT count(*) FROM events WHERE position = 2") == 1
    assert retried(database, connection) == [("1:1", "unique")]
    assert scalar(connection, "SELECT count(*) FROM quarantine WHERE projection = 'core'") == 0
    assert verify(database, CORE).differing == []
    rebuild(database, CORE)
    assert scalar(connection, "SELECT count(*) FROM events WHERE position = 1") == 1


def test_it_is_refused_while_the_projection_is_rebuilt(database: str, connection: Connection) -> None:
    set_aside(database, connection, [bad("a")])
    with operation(database, "rebuild", "core"), pytest.raises(OperationRefused):
        retried(database, connection)
    with operation(database, "verify", "core"):
        assert retried(database, connection) == [("1:1", "unique")]
