"""What must hold whoever writes is a constraint, named by the rule that it states."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.one_database import database_name as database_name

Connection = psycopg.Connection[TupleRow]


STEP = (
    "INSERT INTO steps (partition, projection, version, first, last, unique_count, duplicate_count,"
    " conflict_count, quarantined_count) VALUES (0, 'core', 1, {})"
)
EVENT = (
    "INSERT INTO core_1.events (position, timestamp, content_hash, partition, topic, event_id, source)"
    " VALUES (1, {}, 0, 0, 'a', 'a', 'a')"
)

REFUSED = [
    ("books_balance", STEP.format("1, 10, 6, 3, 0, 0")),
    ("books_balance", STEP.format("1, 10, 6, 3, 0, 2")),
    ("conflicts_are_duplicates", STEP.format("1, 10, 7, 3, 4, 0")),
    ("counts_not_negative", STEP.format("1, 10, 11, -1, -1, 0")),
    ("step_goes_forward", STEP.format("10, 9, 0, 0, 0, 0")),
    ("step_goes_forward", STEP.format("0, 9, 10, 0, 0, 0")),
    ("position_from_one", "INSERT INTO inbox (partition, position, topic, event_id) VALUES (0, 0, 'a', 'a')"),
    ("partition_not_negative", "INSERT INTO partitions (partition) VALUES (-1)"),
    ("replay_starts_after_the_archive", "UPDATE partitions SET archived_through = 5"),
    ("replay_starts_after_the_archive", "UPDATE partitions SET first_position = 5"),
    ("projection_name_is_an_identifier", "INSERT INTO projections (name) VALUES ('Drop; table')"),
    ("live_version_exists", "UPDATE projections SET live_version = 99"),
    ("claim_of_a_version", "INSERT INTO claims (partition, projection, version) VALUES (0, 'core', 99)"),
    ("only_one", "INSERT INTO outbox_claim (single) VALUES (false)"),
    ("one_outbox_claim", "INSERT INTO outbox_claim DEFAULT VALUES"),
    ("timestamp_in_range", EVENT.format("'infinity'")),
    ("timestamp_in_range", EVENT.format("'1969-12-31 23:59:59.999999Z'")),
    ("timestamp_in_range", EVENT.format("'10000-01-01Z'")),
]


@pytest.mark.parametrize(("rule", "statement"), REFUSED)
def test_the_rule_refuses(connection: Connection, rule: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as raised:
        connection.execute(statement.encode())
    assert raised.value.diag.constraint_name == rule


def test_two_steps_from_one_checkpoint_cannot_both_commit(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(STEP.format("1, 10, 10, 0, 0, 0").encode())
        with pytest.raises(psycopg.errors.UniqueViolation) as raised:
            connection.execute(STEP.format("1, 5, 5, 0, 0, 0").encode())
    assert raised.value.diag.constraint_name == "step_by_first_position"


def test_an_event_is_there_once(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(EVENT.format("now()").encode())
        with pytest.raises(psycopg.errors.UniqueViolation) as raised:
            connection.execute(EVENT.format("now()").encode())
    assert raised.value.diag.constraint_name == "event_once"


def test_a_partition_that_the_log_does_not_have_takes_no_delivery(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition of relation"):
        connection.execute("INSERT INTO inbox (partition, position, topic, event_id) VALUES (4, 1, 'a', 'a')")
