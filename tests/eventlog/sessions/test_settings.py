"""Whatever a database, a login or an environment sets, every session of ours works as it always does."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier, Literal

from eventlog.sessions.database import connect
from eventlog.settings import load_settings
from projections.custom.discovery import Discovered
from projections.doctor import examine
from projections.pool import WorkerPool
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.eventlog.sessions.test_pooler import ended_as
from tests.projections.doctor.conftest import NOBODY_LISTENS
from tests.support.api import running_api
from tests.support.events import event
from tests.support.own import APPLY, installed, write_projection
from tests.support.projecting import lag, workers
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

# Each as far from its default as it goes. Some are of newer versions.
HOSTILE = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "America/New_York",
    "timezone_abbreviations": "Australia",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "xmlbinary": "hex",
    "xmloption": "document",
    "lc_numeric": "POSIX",
    "default_text_search_config": "pg_catalog.simple",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "escape_string_warning": "off",
    "quote_all_identifiers": "on",
    "gin_fuzzy_search_limit": "1",
    "search_path": "pg_temp",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "20ms",
    "idle_in_transaction_session_timeout": "20ms",
    "transaction_timeout": "20ms",
    "client_min_messages": "error",
    "client_encoding": "LATIN1",
    "row_security": "off",
    "check_function_bodies": "off",
    "exit_on_error": "on",
    "synchronous_commit": "off",
    "plan_cache_mode": "force_custom_plan",
    "jit": "on",
    "jit_above_cost": "0",
    "default_toast_compression": "pglz",
    "default_statistics_target": "1",
    "work_mem": "64kB",
    "temp_buffers": "800kB",
    "max_parallel_workers_per_gather": "0",
    "from_collapse_limit": "1",
    "join_collapse_limit": "1",
    "constraint_exclusion": "on",
    "cursor_tuple_fraction": "0",
    "stats_fetch_consistency": "snapshot",
    "restrict_nonsystem_relation_kind": "view",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_hashagg": "off",
    "enable_sort": "off",
    "enable_partition_pruning": "off",
}

# What a text means to PostgreSQL, if nobody pins it: kept by a step, to be found again by a rebuild.
MEANINGS = {
    "tables": "CREATE TABLE {schema}.read (partition smallint, position bigint, meant text,"
    " PRIMARY KEY (partition, position));",
    "step": "INSERT INTO {schema}.read SELECT b.partition, b.position, concat_ws(' ',"
    " '03/04/2025'::date, '2025-01-01 12:00'::timestamptz, '1 day 2 hours'::interval, '\\x00ff'::bytea,"
    " 1::float8 / 3, to_tsvector('the walls'), '2025-01-01 EST'::timestamptz, ARRAY[NULL, 'a']::text)"
    " FROM {batch} AS b",
}


@pytest.fixture
def own(database: str, tmp_path: Path) -> Discovered:
    """Install a projection of one's own in SQL, and one in Python."""
    return installed(
        database,
        write_projection(tmp_path, "meanings", **MEANINGS),
        write_projection(tmp_path, "python", APPLY),
    )


@pytest.fixture(params=["DATABASE", "ROLE"])
def hostile(request: pytest.FixtureRequest, superuser_dsn: str, own: Discovered) -> Iterator[None]:
    """Set all of it, for everybody in the database or for our login there."""
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        known = {str(name).lower() for (name,) in superuser.execute("SELECT name FROM pg_settings")}
        here = Identifier(superuser.info.dbname)
        of_whom = (
            SQL("ALTER DATABASE {}").format(here)
            if request.param == "DATABASE"
            else SQL("ALTER ROLE eventlog IN DATABASE {}").format(here)
        )
        for name, value in HOSTILE.items():
            if name.lower() in known:
                values = SQL(",").join(map(Literal, value.split(", ")))
                superuser.execute(SQL("{} SET {} = {}").format(of_whom, Identifier(name), values))
        yield


def test_the_main_job_a_rebuild_a_verification_and_the_doctor_hold(
    connection: Connection, database: str, own: Discovered, hostile: None
) -> None:
    pool = WorkerPool(database, count=1, batch_size=100, projections=own.projections)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url, timeout=15) as client:
        pool.start()
        try:
            sent = [event(event_id=f"é {number}") for number in range(20)]
            published = client.post("/publish", json=sent, headers={"Prefer": "wait=10"})
            assert {each["outcome"] for each in published.json()["results"]} == {"unique"}
            with connect(database, "owner", "test") as owner:
                owner.execute("SELECT publish_events(%s)", [json.dumps([event(event_id="within")])])
            until(lambda: client.get("/stats").json()["unique_processed"] == 21)
            assert client.post("/sql", json={"sql": "SELECT min(timestamp) FROM events"}).json()["rows"]
            for kind in ("verify", "rebuild"):
                operation = client.post(f"/projections/core/{kind}").headers["Location"]
                assert ended_as(client, operation) == "done", client.get(operation).text
        finally:
            pool.stop()
    with workers(database, projections=own.projections):
        until(lambda: lag(connection, own.projections) == 0)
    for projection in own.projections:
        assert verify(database, projection).differing == []
        rebuild(database, projection)
        assert verify(database, projection).differing == []
    [(meant,)] = connection.execute("SELECT DISTINCT meant FROM meanings_2.read").fetchall()
    assert meant.startswith(
        "2025-03-04 2025-01-01 12:00:00+00 1 day 02:00:00 \\x00ff 0.3333333333333333 'wall':2"
    )
    found = examine(load_settings(dsn=database, url=NOBODY_LISTENS)).findings
    failures = {finding.name for finding in found if finding.status == "failed"}
    assert failures == {"fsync"}


def test_an_environment_says_nothing_either(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGTZ", "America/New_York")
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1ms")
    with connect(database, "projector", "test") as session:
        assert scalar(session, "SELECT '03/04/2025'::date::text") == "2025-03-04"
        assert scalar(session, "SELECT current_setting('TimeZone')") == "UTC"
        assert scalar(session, "SELECT current_setting('statement_timeout')") == "0"
