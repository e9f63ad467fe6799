"""GET /health/findings: what is wrong with the database, for who cannot run `eventlog doctor` there."""

import httpx2
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests.support.waiting import until


def found(client: httpx2.Client) -> dict[str, tuple[str, str]]:
    answer = client.get("/health/findings")
    assert answer.status_code == 200, answer.text
    return {each["name"]: (each["status"], each["mend"]) for each in answer.json()}


def test_what_is_unusual_is_named_with_how_to_mend_it(client: httpx2.Client) -> None:
    findings = found(client)
    # The tests' own server waits for no disk.
    status, mend = findings["fsync"]
    assert status == "failed"
    assert "ALTER SYSTEM SET fsync = on" in mend
    assert findings["append-only"] == ("ok", "")


def test_it_is_looked_at_anew(client: httpx2.Client, connection: psycopg.Connection[TupleRow]) -> None:
    assert found(client)["append-only"][0] == "ok"
    connection.execute("ALTER TABLE eventlog.inbox_0 DISABLE TRIGGER log_is_append_only")
    until(lambda: found(client)["append-only"][0] == "failed", deadline_seconds=30)


def test_without_a_database_it_is_503(client: httpx2.Client, superuser_dsn: str, database_name: str) -> None:
    name = sql.Identifier(database_name)
    elsewhere = superuser_dsn.replace(f"/{database_name}", "/postgres")
    with psycopg.connect(elsewhere, autocommit=True) as somebody:
        somebody.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        answer = client.get("/health/findings")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        somebody.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
