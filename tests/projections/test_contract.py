"""The contract of every projection: the same rows, however and by how many it is played."""

import random
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.projections.conftest import log_of, rows_of
from tests.projections.contracts import CONTRACTS, Contract
from tests.support.projecting import lag, project_all, workers
from tests.support.sessions import terminate
from tests.support.waiting import until

Unprojected = Callable[[], str]

pytestmark = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.projection.name)


def assert_as_recounted(dsn: str, contract: Contract) -> None:
    log = log_of(dsn)
    actual, expected = rows_of(dsn, contract), contract.recount(log)
    for name, rows in expected.items():
        assert actual[name] == rows, f"{name} differs from the log"
    assert_steps_cover_the_log(dsn, contract)


def assert_steps_cover_the_log(dsn: str, contract: Contract) -> None:
    """Each delivery was projected by one step and no other, up to the head."""
    with psycopg.connect(dsn) as connection:
        heads: dict[int, int] = dict(
            connection.execute("SELECT partition, head_of(partition) FROM partitions").fetchall()
        )
        for partition, head in heads.items():
            steps = connection.execute(
                "SELECT first, last FROM steps WHERE projection = %s AND partition = %s ORDER BY first",
                [contract.projection.name, partition],
            ).fetchall()
            lasts = [0, *(last for _, last in steps)]
            assert [first for first, _ in steps] == [last + 1 for last in lasts[:-1]]
            assert lasts[-1] == head


@pytest.mark.parametrize(
    ("batch_size", "count"), [(1, 1), (2, 1), (7, 1), (1000, 1), (1, 8), (7, 2), (3, 8), (1000, 8)]
)
def test_any_batch_size_and_number_of_workers_gives_what_the_log_says(
    unprojected: Unprojected, contract: Contract, batch_size: int, count: int
) -> None:
    dsn = unprojected()
    project_all(dsn, count, batch_size=batch_size, projections=[contract.projection])
    assert_as_recounted(dsn, contract)


def test_played_again_from_zero_it_is_the_same(unprojected: Unprojected, contract: Contract) -> None:
    first, second = unprojected(), unprojected()
    project_all(first, 2, batch_size=11, projections=[contract.projection])
    project_all(second, 1, batch_size=1000, projections=[contract.projection])
    assert rows_of(first, contract) == rows_of(second, contract)


def test_projected_by_rounds_it_does_as_much_as_is_there(
    unprojected: Unprojected, contract: Contract
) -> None:
    dsn = unprojected()
    project_all(dsn, projections=[contract.projection])
    before = rows_of(dsn, contract)
    project_all(dsn, 2, projections=[contract.projection])
    assert rows_of(dsn, contract) == before


def wait_for_steps(observer: psycopg.Connection[TupleRow], contract: Contract, count: int) -> None:
    played = [contract.projection]
    wanted = max(0, lag(observer, played) - 3 * count)
    until(lambda: lag(observer, played) <= wanted)


def test_workers_killed_again_and_again_leave_nothing_half_done(
    unprojected: Unprojected, contract: Contract
) -> None:
    dsn = unprojected()
    chance = random.Random(3)
    with (
        psycopg.connect(dsn, autocommit=True) as observer,
        workers(dsn, 2, batch_size=3, projections=[contract.projection]),
    ):
        for _ in range(12):
            wait_for_steps(observer, contract, chance.randint(0, 3))
            terminate(observer, "eventlog worker")
        until(lambda: lag(observer, [contract.projection]) == 0)
    assert_as_recounted(dsn, contract)


def test_workers_go_on_after_the_database_was_away(
    server: EmbeddedServer, unprojected: Unprojected, contract: Contract
) -> None:
    dsn = unprojected()
    with workers(dsn, 2, batch_size=5, projections=[contract.projection]) as running:
        until(lambda: all(worker.connected for worker in running))
        server.stop()
        server.start()
        until(lambda: caught_up(dsn, contract), deadline_seconds=20)
    assert_as_recounted(dsn, contract)


def caught_up(dsn: str, contract: Contract) -> bool:
    with psycopg.connect(dsn) as connection:
        return lag(connection, [contract.projection]) == 0


def test_a_stopped_worker_ends_between_two_steps(unprojected: Unprojected, contract: Contract) -> None:
    dsn = unprojected()
    with psycopg.connect(dsn, autocommit=True) as observer:
        with workers(dsn, batch_size=1, projections=[contract.projection]) as running:
            until(lambda: any(worker.connected for worker in running))
        until(lambda: terminate(observer, "eventlog worker") == 0)
    project_all(dsn, batch_size=1000, projections=[contract.projection])
    assert_as_recounted(dsn, contract)


def test_rebuilt_it_is_the_same_and_verify_agrees(unprojected: Unprojected, contract: Contract) -> None:
    dsn = unprojected()
    projection = contract.projection
    project_all(dsn, batch_size=11, projections=[projection])
    assert verify(dsn, projection).differing == []
    rebuild(dsn, projection)
    project_all(dsn, batch_size=7, projections=[projection])
    assert rows_of(dsn, contract) == contract.recount(log_of(dsn))
    assert verify(dsn, projection).differing == []
