"""A log that lost something is refused, by name, by whoever opens it; what can be made anew is made."""

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.errors import LogIncomplete
from eventlog.schema.migrate import migrate, schema_state
from eventlog.statements import statement
from projections.install import set_up
from tests.support.catalog import catalog
from tests.support.command_line import eventlog
from tests.support.events import event
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

# What a restore left out, and how it is named.
LEFT_OUT = {
    "DROP TABLE inbox_3": "missing: key inbox.delivery_by_position|the tables inbox_3 of 4",
    "DROP TABLE inbox_0, inbox_1, inbox_2, inbox_3": "the tables inbox_0, inbox_1, inbox_2, inbox_3 of 4",
    "ALTER TABLE inbox DETACH PARTITION inbox_1": "the tables inbox_1 of 4",
    "DROP TABLE steps CASCADE": "table steps",
    "DROP TABLE partitions CASCADE": "a part of one|table partitions",
    "ALTER TABLE steps DROP CONSTRAINT step_by_first_position": "missing: key steps.step_by_first_position",
    "DROP INDEX quarantine_by_event": "missing: index quarantine.quarantine_by_event",
    "ALTER TABLE outbox ALTER COLUMN id DROP IDENTITY": "missing: identity outbox.id",
    "DELETE FROM partitions": "partitions that the table partitions lacks: inbox_0, inbox_1, inbox_2, inb",
    "DELETE FROM partitions WHERE partition = 2": "partitions that the table partitions lacks: inbox_2",
    "DELETE FROM partitions; DROP TABLE inbox_0, inbox_1, inbox_2, inbox_3": "it has no partitions",
    "INSERT INTO steps (partition, projection, version, first, last, unique_count, duplicate_count,"
    " conflict_count, quarantined_count) VALUES (2, 'core', 1, 1, 7, 7, 0, 0, 0)": (
        "deliveries are missing: partition 2 ends at 0, and was projected through 7"
    ),
}


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_a_log_that_lost_something_is_refused_by_name(
    left_out: str, database: str, connection: Connection
) -> None:
    connection.execute(left_out.encode())
    before = catalog(database) if "partitions" not in left_out else []
    with pytest.raises(LogIncomplete, match=LEFT_OUT[left_out]):
        migrate(database)
    if before:
        assert catalog(database) == before


def test_a_log_without_its_list_of_migrations_is_refused(database: str, connection: Connection) -> None:
    connection.execute("DELETE FROM schema_migrations")
    with pytest.raises(LogIncomplete, match='0001_log does not fit it: relation "partitions" already exists'):
        migrate(database)


def test_every_object_of_the_schema_would_be_missed(connection: Connection) -> None:
    """Whoever adds a table, key, index or identity adds it to sql/queries/schema/missing.sql as well."""
    expected = statement("schema/missing").as_string(None)
    present = connection.execute(
        "SELECT 'table', c.relname::text FROM pg_class AS c"
        " WHERE c.relnamespace = 'eventlog'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition"
        " UNION ALL SELECT 'key', c.relname || '.' || k.conname FROM pg_constraint AS k"
        " JOIN pg_class AS c ON c.oid = k.conrelid AND NOT c.relispartition"
        " WHERE c.relnamespace = 'eventlog'::regnamespace AND k.contype IN ('p', 'u', 'x', 'f')"
        " UNION ALL SELECT 'index', c.relname || '.' || x.relname FROM pg_index AS i"
        " JOIN pg_class AS c ON c.oid = i.indrelid AND NOT c.relispartition"
        " JOIN pg_class AS x ON x.oid = i.indexrelid WHERE c.relnamespace = 'eventlog'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.oid)"
        " UNION ALL SELECT 'identity', c.relname || '.' || a.attname FROM pg_attribute AS a"
        " JOIN pg_class AS c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'eventlog'::regnamespace AND a.attidentity <> ''"
    ).fetchall()
    assert len(present) > 40
    assert [
        f"('{kind}', '{name}')" for kind, name in present if f"('{kind}', '{name}')" not in expected
    ] == []


def test_whoever_opens_the_log_says_it_in_one_line(database: str, connection: Connection) -> None:
    connection.execute("DROP TABLE inbox_3")
    for command in (["verify"], ["api", "--port", "0"]):
        said = eventlog(*command, EVENTLOG_DSN=database, EVENTLOG_ALLOW_UNSAFE_SETTINGS="true")
        assert said.returncode == 1
        # The settings stand before whatever a service says.
        lines = [line for line in said.stderr.splitlines() if '"event": "settings"' not in line]
        assert [line[:41] for line in lines] == ["eventlog: the log is not whole (missing: "]
    with pytest.raises(LogIncomplete):
        schema_state(connection)


def test_a_running_service_is_not_ready_and_answers_no_500(
    client: httpx2.Client, connection: Connection
) -> None:
    assert client.get("/readyz").status_code == 200
    connection.execute("DROP TABLE inbox_0, inbox_1, inbox_2, inbox_3")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["database"][:34]) == (503, "4 partitions of the log have no ta")
    refused = client.post("/publish", json=event(event_id="1"))
    assert (refused.status_code, refused.json()["code"]) == (503, "schema_mismatch")
    assert "doctor" in refused.json()["detail"]


def test_what_can_be_made_anew_is_made_anew(database: str, connection: Connection) -> None:
    before = catalog(database)
    connection.execute("DROP TRIGGER log_is_append_only ON inbox_1")
    connection.execute("DROP TRIGGER log_is_append_only ON inbox")
    connection.execute("DELETE FROM outbox_claim")
    connection.execute("DELETE FROM claims WHERE projection = 'core' AND partition > 1")
    connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA core_1, eventlog FROM eventlog_projector")
    connection.execute("REVOKE USAGE ON SCHEMA timeline_1 FROM eventlog_reader")
    connection.execute("DROP VIEW stats CASCADE")
    connection.execute("DROP FUNCTION head_of CASCADE")
    assert set_up(database) == ["rights on core_1", "rights on timeline_1"]
    assert catalog(database) == before
    assert scalar(connection, "SELECT count(*) FROM outbox_claim") == 1


def test_the_log_says_nothing_of_compression_in_a_dump(database: str, connection: Connection) -> None:
    """pg_restore leaves out a table whose compression its server does not have."""
    connection.execute("ALTER TABLE inbox_1 ALTER COLUMN raw SET COMPRESSION pglz")
    connection.execute("DELETE FROM schema_migrations WHERE name LIKE '%_compression'")
    migrate(database)
    said = "SELECT count(*) FROM pg_attribute WHERE attrelid::regclass::text LIKE %s AND attcompression <> %s"
    assert scalar(connection, said, "inbox%", "") == 0
