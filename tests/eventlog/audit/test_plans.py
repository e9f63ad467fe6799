"""What is asked by a key goes along the keys, however large the log is."""

import re

import psycopg
import pytest
from psycopg.rows import TupleRow

WHOLE_TABLE = re.compile(r"Seq Scan on (inbox|events|duplicates|conflicts|quarantine)")

KEYED = (
    "SELECT * FROM audit.events WHERE topic = 't' AND event_id = 'e'",
    "SELECT * FROM audit.event_history WHERE topic = 't' AND event_id = 'e'",
    "SELECT * FROM audit.event_history"
    " WHERE partition = audit.partition_of('t') AND topic = 't' AND event_id = 'e'",
    "SELECT * FROM audit.events WHERE \"timestamp\" >= 'yesterday' AND \"timestamp\" < 'today'",
    "SELECT * FROM audit.deliveries WHERE partition = 1 AND position = 5",
    "SELECT * FROM audit.deliveries WHERE partition = 1 ORDER BY position DESC LIMIT 10",
    "SELECT * FROM audit.conflicts WHERE partition = 1 AND position = 5",
    "SELECT * FROM audit.lag",
    "SELECT * FROM audit.books",
)


@pytest.mark.parametrize("query", KEYED)
def test_no_table_is_read_whole(query: str, connection: psycopg.Connection[TupleRow]) -> None:
    # Tables are small here; where there is any way along an index, it shows.
    connection.execute("SET enable_seqscan = off")
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}".encode()))
    assert WHOLE_TABLE.search(plan) is None, plan
