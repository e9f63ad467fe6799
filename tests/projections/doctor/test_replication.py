"""What replication leaves behind in a log is found, and migrate mends what it can."""

from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.sessions.database import connect
from projections.install import set_up
from tests.projections.doctor.conftest import Look
from tests.support.api import running_api
from tests.support.events import event
from tests.support.own import installed, write_projection

Connection = psycopg.Connection[TupleRow]

# Every table of ours whose rows take their number from a sequence, and how a row comes in.
NUMBERED = {
    "outbox": "INSERT INTO outbox (topic, event_id, raw) VALUES ('t', '1', '{}')",
    "refused_publishes": "INSERT INTO refused_publishes (request_id, status, code)"
    " VALUES (gen_random_uuid(), 400, 'x')",
    "worker_sessions": "INSERT INTO worker_sessions DEFAULT VALUES",
    "console_statements": "INSERT INTO console_statements (who, via, statement, parameters)"
    " VALUES ('me', 'sql', 'SELECT 1', '{}')",
    "key_days": "INSERT INTO key_days (key_id, events) VALUES ('0123456789', 1)",
    "acts": "INSERT INTO acts (act, subject, who, login, detail) VALUES ('a', 's', 'w', 'l', '{}')",
}
NUMBER = {"acts": "number"}


def test_sequences_that_did_not_come_along_are_found_and_set_on(
    look: Look, database: str, connection: Connection
) -> None:
    for table, insert in NUMBERED.items():
        connection.execute(insert.encode())
        connection.execute(insert.encode())
        connection.execute(
            SQL("ALTER TABLE {} ALTER COLUMN {} RESTART WITH 1").format(
                Identifier("eventlog", table), Identifier(NUMBER.get(table, "id"))
            )
        )
    finding = look()["sequences"]
    assert finding.status == "failed"
    assert all(table in finding.found for table in NUMBERED)
    assert finding.mend.startswith("run `eventlog migrate`")

    set_up(database)

    assert look()["sequences"].status == "ok"
    for insert in NUMBERED.values():
        connection.execute(insert.encode())


def test_numbered_tables_are_all_tried(connection: Connection) -> None:
    numbered = connection.execute(
        "SELECT table_name FROM information_schema.columns"
        " WHERE is_identity = 'YES' AND table_schema = 'eventlog'"
    ).fetchall()
    assert {name for (name,) in numbered} == {*NUMBERED}


def test_a_sequence_of_somebodys_own_projection_is_set_on_too(
    look: Look, database: str, connection: Connection, tmp_path: Path
) -> None:
    tables = "CREATE TABLE {schema}.kept (number serial PRIMARY KEY, partition smallint, position bigint);"
    installed(database, write_projection(tmp_path, "numbered", tables=tables))
    connection.execute("INSERT INTO numbered_1.kept (number) VALUES (7)")
    assert "kept_number_seq" in look()["sequences"].found
    set_up(database)
    assert connection.execute("INSERT INTO numbered_1.kept DEFAULT VALUES RETURNING number").fetchone() == (
        8,
    )


def test_a_database_set_to_be_a_replica_is_found(look: Look, superuser_dsn: str, database: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        name = Identifier(superuser.info.dbname)
        superuser.execute(SQL("ALTER DATABASE {} SET session_replication_role = replica").format(name))
    finding = look()["session rules"]
    assert finding.status == "failed"
    assert "RESET session_replication_role" in finding.mend
    with connect(database, "owner", "test") as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute("DELETE FROM inbox")


@pytest.mark.parametrize("of_whom", ["DATABASE {}", "ROLE eventlog IN DATABASE {}"])
def test_a_database_set_read_only_is_found_and_not_written_to(
    look: Look, superuser_dsn: str, database: str, of_whom: str
) -> None:
    assert look()["read only"].status == "ok"
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        whom = SQL("ALTER {} SET default_transaction_read_only = on").format(
            SQL(of_whom).format(Identifier(superuser.info.dbname))
        )
        superuser.execute(whom)
    finding = look()["read only"]
    assert finding.status == "failed"
    assert "RESET" in finding.mend
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url, timeout=15) as client:
        answer = client.post("/publish", json=event())
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert "read only" in answer.json()["detail"]
        assert client.get("/stats").status_code == 200
