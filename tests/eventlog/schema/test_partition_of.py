"""A topic's partition is the same in SQL as in Python, for ever."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from eventlog.log.partitions import partition_of
from tests.support.one_database import database_name as database_name
from tests.support.partition_vectors import PARTITION_VECTORS
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.parametrize(("topic", "partitions", "partition"), PARTITION_VECTORS)
def test_the_vectors_hold_in_sql(connection: Connection, topic: str, partitions: int, partition: int) -> None:
    assert scalar(connection, "SELECT partition_of(%s, %s)", topic, partitions) == partition


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(topics=st.lists(TOPICS, min_size=1, max_size=20), partitions=st.integers(1, 1024))
def test_sql_and_python_agree(connection: Connection, topics: list[str], partitions: int) -> None:
    in_sql = scalar(
        connection,
        "SELECT array_agg(partition_of(topic, %s) ORDER BY index)"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS given (topic, index)",
        partitions,
        topics,
    )
    assert in_sql == [partition_of(topic, partitions) for topic in topics]
