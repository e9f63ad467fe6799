"""Bringing a database up to date: once, by anyone, at the same time, and never what does not fit."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from eventlog.embedded import EmbeddedServer
from eventlog.errors import SchemaMismatch, SettingsError
from eventlog.schema.migrate import PARTITIONS_DEFAULT, migrate, schema_state
from eventlog.statements import SQL_DIR
from projections.install import outdated, set_up
from projections.projection import PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.projections.contracts import CORE_CONTRACT, Delivery
from tests.support.api import running_api
from tests.support.catalog import catalog
from tests.support.postgres import PARTITIONS, at_database, run_as_superuser
from tests.support.projecting import lag, project_all
from tests.support.sessions import scalar
from tests.support.waiting import until

NewDatabase = Callable[[], str]


# Dumped by pg_dump --inserts --no-owner from what the code of that schema left behind.
OLDER = sorted((Path(__file__).parent / "databases").glob("*.sql"))


@pytest.fixture(params=OLDER, ids=lambda file: str(file.stem))
def older(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    """Restore a database of an older schema: events, duplicates, conflicts, poison, deliveries pending."""
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute((SQL_DIR / "roles.sql").read_bytes())
        owner.execute(request.param.read_bytes())
    return dsn


def _of_the_log(dsn: str) -> list[str]:
    """Describe all but the projections' own tables and views, which change when they are rebuilt."""
    return [line for line in catalog(dsn) if "core_" not in line and "timeline" not in line]


def test_an_upgraded_database_equals_a_fresh_one(older: str, new_database: NewDatabase) -> None:
    fresh = new_database()
    set_up(older, PARTITIONS)
    set_up(fresh, PARTITIONS)
    assert _of_the_log(older) == _of_the_log(fresh)


def test_an_upgrade_keeps_the_books(older: str) -> None:
    with psycopg.connect(older, autocommit=True) as owner:
        before = owner.execute("SELECT * FROM eventlog.stats ORDER BY topic").fetchall()
        set_up(older, PARTITIONS)
        assert owner.execute("SELECT * FROM eventlog.stats ORDER BY topic").fetchall() == before
        for projection in PROJECTIONS:
            rebuild(older, projection)
        project_all(older)
        log = [
            Delivery(*row)
            for row in owner.execute(
                "SELECT partition, position, topic, event_id, raw::text, received_at FROM eventlog.inbox"
                " ORDER BY 1, 2"
            )
        ]
        stats = owner.execute(CORE_CONTRACT.queries["stats"].encode()).fetchall()
        assert sorted(stats) == CORE_CONTRACT.recount(log)["stats"]
        # The audit views, too, once what they read is as they know it.
        received = owner.execute("SELECT sum(received) FROM audit.received_by_topic").fetchone()
        assert received == (len(log),)
    for projection in PROJECTIONS:
        assert verify(older, projection).differing == []


def test_a_service_over_it_plays_anew_what_the_code_projects_otherwise(older: str) -> None:
    with psycopg.connect(older, autocommit=True) as owner:
        set_up(older, PARTITIONS)
        assert outdated(older) == [projection.name for projection in PROJECTIONS]
        with running_api(older):
            until(lambda: outdated(older) == [] and lag(owner) == 0)
    for projection in PROJECTIONS:
        assert verify(older, projection).differing == []


def test_set_up_again_does_and_changes_nothing(database: str) -> None:
    before = catalog(database)
    assert set_up(database, PARTITIONS) == []
    assert set_up(database) == []
    assert catalog(database) == before


def test_the_comparison_sees_a_difference(database: str, connection: psycopg.Connection) -> None:
    before = catalog(database)
    for change in (
        "ALTER TABLE inbox ALTER COLUMN format SET DEFAULT 2",
        "GRANT UPDATE (raw) ON inbox TO eventlog_reader",
        "DROP TRIGGER log_is_append_only ON inbox_0",
    ):
        connection.execute(change.encode())
        assert catalog(database) != before
        before = catalog(database)


def test_four_first_runs_at_once_all_succeed(new_database: NewDatabase) -> None:
    dsn = new_database()
    with ThreadPoolExecutor(4) as pool:
        done = [future.result(30) for future in [pool.submit(set_up, dsn, 3) for _ in range(4)]]
    assert sorted(map(len, done)) == [0, 0, 0, len(max(done, key=len))]
    with psycopg.connect(dsn) as connection:
        assert schema_state(connection).partitions == 3


def test_two_databases_of_one_server_are_set_up_at_once(new_database: NewDatabase) -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(set_up, new_database(), 2) for _ in range(2)]:
            assert future.result(30)


def test_set_up_does_not_wait_for_who_reads(database: str) -> None:
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM events, stats, conflicts, duplicates")
        assert pool.submit(set_up, database).result(2) == []


def test_the_number_of_partitions_is_fixed_by_the_first_migrate(new_database: NewDatabase) -> None:
    dsn = new_database()
    migrate(dsn, 5)
    with pytest.raises(SettingsError, match="EVENTLOG_PARTITIONS is 6, but this log has had 5"):
        migrate(dsn, 6)
    assert migrate(dsn) == []


def test_without_a_setting_there_are_eight_partitions(new_database: NewDatabase) -> None:
    dsn = new_database()
    migrate(dsn)
    with psycopg.connect(dsn) as connection:
        assert schema_state(connection).partitions == PARTITIONS_DEFAULT


def test_a_database_of_newer_code_is_refused(database: str, migrations: Path) -> None:
    newer = migrations / "0999_newer.sql"
    newer.write_text("CREATE TABLE eventlog.newer (n integer)")
    migrate(database)
    newer.unlink()
    with pytest.raises(SchemaMismatch, match="at schema 999, this code knows"):
        migrate(database)
    with psycopg.connect(database) as connection, pytest.raises(SchemaMismatch, match="upgrade eventlog"):
        schema_state(connection)


def test_an_older_database_is_refused_by_who_does_not_migrate(database: str, migrations: Path) -> None:
    (migrations / "0999_newer.sql").write_text("CREATE TABLE eventlog.newer (n integer)")
    with psycopg.connect(database) as connection, pytest.raises(SchemaMismatch, match="eventlog migrate"):
        schema_state(connection)


def test_a_changed_migration_is_refused(database: str, migrations: Path) -> None:
    first = min(migrations.iterdir())
    first.write_text(first.read_text() + "-- changed\n")
    with pytest.raises(SchemaMismatch, match="0001_log is not the file that was applied"):
        migrate(database)


def test_a_migration_that_fails_leaves_nothing(database: str, migrations: Path) -> None:
    before = catalog(database)
    (migrations / "0999_bad.sql").write_text("CREATE TABLE eventlog.half (n integer); SELECT 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database)
    assert catalog(database) == before


def test_a_database_without_a_log_says_what_to_do(new_database: NewDatabase) -> None:
    with (
        psycopg.connect(new_database()) as connection,
        pytest.raises(SchemaMismatch, match="eventlog migrate"),
    ):
        schema_state(connection)


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def foreign_database(server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Create a database that does not speak UTF-8; return its address and its encoding."""
    encoding = str(request.param)
    name = sql.Identifier(f"in_{encoding.lower()}")
    create = (
        "CREATE DATABASE {} OWNER eventlog TEMPLATE template0 ENCODING {} LOCALE_PROVIDER libc LOCALE 'C'"
    )
    run_as_superuser(server, sql.SQL(create).format(name, sql.Literal(encoding)))
    yield at_database(server.dsn, f"in_{encoding.lower()}"), encoding
    run_as_superuser(server, sql.SQL("DROP DATABASE {}").format(name))


def test_a_database_that_is_not_utf8_is_refused(foreign_database: tuple[str, str]) -> None:
    dsn, encoding = foreign_database
    with pytest.raises(SchemaMismatch, match=f"encoded in (b')?{encoding}"):
        migrate(dsn)


def test_a_default_of_repeatable_read_does_no_harm(new_database: NewDatabase, server: EmbeddedServer) -> None:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'").format(
                sql.Identifier(owner.info.dbname)
            )
        )
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(set_up, dsn, 2) for _ in range(4)]:
            future.result(30)
    with psycopg.connect(dsn) as connection:
        assert scalar(connection, "SELECT count(*) FROM eventlog.claims WHERE projection = 'core'") == 2
