"""An error that says nothing about content sets nothing aside, and stops no other partition."""

import psycopg
from psycopg.rows import TupleRow

from tests.support.deliveries import append_events, event, topic_in
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

# In partition 2, inserting events fails as a server out of memory would.
FAIL = """
CREATE FUNCTION core_1.fail() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'out of memory' USING ERRCODE = 'out_of_memory'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON core_1.events
FOR EACH ROW WHEN (NEW.partition = 2) EXECUTE FUNCTION core_1.fail()
"""


def test_a_partition_that_fails_waits_and_the_others_go_on(database: str, connection: Connection) -> None:
    connection.execute(FAIL)
    connection.execute("GRANT EXECUTE ON FUNCTION core_1.fail TO PUBLIC")
    append_events(database, [event(topic_in(2)) for _ in range(100)])
    with workers(database, 2):
        for partition in (0, 1, 3):
            append_events(database, [event(topic_in(partition)) for _ in range(10)])
        until(lambda: lag(connection) == 100)
        connection.execute("DROP TRIGGER fail ON core_1.events")
        until(lambda: lag(connection) == 0)
    assert scalar(connection, "SELECT count(*) FROM events") == 130
    assert scalar(connection, "SELECT count(*) FROM quarantine") == 0
