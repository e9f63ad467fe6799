"""The doctor finds what is wrong with a database, and says how to mend it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.errors import SettingsError
from projections.doctor import refuse_unsafe_settings
from tests.projections.doctor.conftest import Look

Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def superuser(superuser_dsn: str) -> Iterator[Connection]:
    with psycopg.connect(superuser_dsn, autocommit=True) as opened:
        yield opened


def append(connection: Connection, *positions: int) -> None:
    for position in positions:
        connection.execute(
            "INSERT INTO inbox (partition, position, topic, event_id, raw) VALUES (0, %s, 't', %s, '{}')",
            (position, str(position)),
        )


def test_a_migrated_database_fails_no_check_but_the_settings_of_a_test_server(look: Look) -> None:
    failures = {name for name, finding in look().items() if finding.status == "failed"}
    assert failures == {"fsync"}


def test_a_dropped_projection_is_found(look: Look, connection: Connection) -> None:
    assert look()["projections"].status == "ok"
    connection.execute("UPDATE projections SET live_version = NULL WHERE name = 'timeline'")
    finding = look()["projections"]
    assert (finding.status, finding.mend) == ("warning", "`eventlog rebuild timeline`")
    assert finding.found.startswith("timeline: dropped")


def test_fsync_off_is_found_and_refused(look: Look, connection: Connection) -> None:
    assert look()["fsync"].found.startswith("off: ")
    with pytest.raises(SettingsError, match=r"fsync is off: .*ALTER SYSTEM SET fsync = on"):
        refuse_unsafe_settings(connection)


def test_unsafe_settings_are_taken_where_somebody_said_so(connection: Connection) -> None:
    refuse_unsafe_settings(connection, allowed=True)


def test_a_setting_that_hides_damage_is_found(look: Look, superuser: Connection) -> None:
    superuser.execute(
        SQL("ALTER DATABASE {} SET zero_damaged_pages = on").format(Identifier(superuser.info.dbname))
    )
    finding = look()["zero_damaged_pages"]
    assert finding.status == "failed"
    assert finding.mend.endswith("ALTER SYSTEM SET zero_damaged_pages = off; SELECT pg_reload_conf();")


def test_a_disabled_trigger_is_found_by_its_table(look: Look, connection: Connection) -> None:
    connection.execute("ALTER TABLE inbox_2 DISABLE TRIGGER log_is_append_only")
    finding = look()["append-only"]
    assert finding.status == "failed"
    assert "inbox_2" in finding.found
    assert "ENABLE ALWAYS TRIGGER" in finding.mend


def test_a_trigger_that_fires_on_less_is_found(look: Look, connection: Connection) -> None:
    connection.execute("DROP TRIGGER log_is_append_only ON inbox_1")
    connection.execute(
        "CREATE TRIGGER log_is_append_only BEFORE UPDATE ON inbox_1 "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    assert look()["append-only"].status == "failed"


def test_a_grant_that_lets_the_log_be_changed_is_found(look: Look, connection: Connection) -> None:
    connection.execute("GRANT DELETE ON inbox_3 TO eventlog_reader")
    finding = look()["inbox privileges"]
    assert finding.status == "failed"
    assert finding.mend == "REVOKE DELETE ON eventlog.inbox_3 FROM eventlog_reader"


def test_a_missing_grant_is_found(look: Look, connection: Connection) -> None:
    connection.execute("REVOKE INSERT (raw) ON inbox FROM eventlog_appender")
    assert look()["inbox privileges"].found.startswith("missing: eventlog_appender: INSERT (content_hash,")


def test_somebody_who_may_read_the_log_is_named_and_no_fault(look: Look, connection: Connection) -> None:
    connection.execute("GRANT SELECT ON inbox TO PUBLIC")
    finding = look()["inbox privileges"]
    assert finding.status == "ok"
    assert "PUBLIC" in finding.found


def test_a_gap_in_the_positions_is_found(look: Look, connection: Connection) -> None:
    append(connection, 1, 2, 4)
    finding = look()["positions"]
    assert finding.status == "failed"
    assert finding.found == "partition 0 has 3 deliveries from 1 to 4"


def test_books_that_do_not_balance_are_found(look: Look, connection: Connection) -> None:
    append(connection, 1, 2, 3)
    assert look()["books"].status == "ok"
    # A step that begins after the first delivery leaves one out.
    connection.execute(
        "INSERT INTO steps (partition, projection, version, first, last, unique_count, duplicate_count,"
        " conflict_count, quarantined_count) VALUES (0, 'core', 1, 2, 3, 2, 0, 0, 0)"
    )
    finding = look()["books"]
    assert finding.status == "failed"
    assert finding.found == "core in partition 0: checkpoint 3, counted 2"


def test_deliveries_that_no_worker_projects_are_a_warning(look: Look, connection: Connection) -> None:
    append(connection, 1)
    finding = look()["lag"]
    assert finding.status == "warning"
    assert finding.found.startswith("1 deliveries pending")
    assert finding.found.endswith("0 workers connected")


def test_events_that_nobody_moves_out_of_the_outbox_are_a_warning(look: Look, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO outbox (topic, event_id, raw, published_at)"
        " VALUES ('t', '1', '{}', now() - interval '1 h')"
    )
    finding = look()["outbox"]
    assert finding.status == "warning"
    assert finding.found == "1 events, the oldest for 3600 s"


def test_a_database_without_our_schema_is_told_how_to_get_it(look: Look, connection: Connection) -> None:
    connection.execute("DROP SCHEMA eventlog CASCADE")
    findings = look()
    assert findings["schema"].status == "failed"
    assert "eventlog migrate" in findings["schema"].mend
    assert "books" not in findings
    assert findings["clock"].status == "ok"


def test_a_session_with_an_old_snapshot_is_named(
    look: Look, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.doctor.load.IDLE_SECONDS_MAX", 0)
    with psycopg.connect(database, application_name="a forgotten psql") as forgetful:
        forgetful.execute("SELECT 1")
        pid = forgetful.info.backend_pid
        finding = look()["long transactions"]
    assert finding.status == "warning"
    assert finding.found.startswith(f"a forgotten psql (pid {pid}), idle in transaction")
