"""A projection of one's own with an undo.sql can have single events played again."""

import random
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from projections.quarantine.retry import Selection, retry, select
from projections.verify import verify
from tests.projections.conftest import log_of, rows_of
from tests.projections.contracts import SUMS, SUMS_CONTRACT
from tests.support.projecting import project_all


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_retries_ends_where_a_replay_does(unprojected: Callable[[], str], seed: int) -> None:
    dsn = unprojected()
    chance = random.Random(seed)
    bad = sql.SQL(", ").join(sql.Literal(position) for position in chance.sample(range(1, 120), 70))
    with psycopg.connect(dsn, autocommit=True) as owner:
        refusing = "ALTER TABLE sums_1.seen ADD CONSTRAINT not_now CHECK (position NOT IN ({}))"
        owner.execute(sql.SQL(refusing).format(bad))
        project_all(dsn, batch_size=16, projections=[SUMS])
        owner.execute("ALTER TABLE sums_1.seen DROP CONSTRAINT not_now")
        chosen = select(owner, Selection(projection="sums", sqlstate="23514"))
        assert len(chosen) > 10
        chance.shuffle(chosen)
        for delivery in chosen:
            retry(dsn, SUMS, [delivery])
    assert rows_of(dsn, SUMS_CONTRACT) == SUMS_CONTRACT.recount(log_of(dsn))
    assert verify(dsn, SUMS).differing == []
