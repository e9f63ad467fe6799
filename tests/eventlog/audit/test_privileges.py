"""What the auditor may do, as reviewed lists, whatever the version of PostgreSQL."""

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.audit.protection import protect, reaching
from projections.doctor.auditor import check_auditor
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

# Every function of PostgreSQL 15 and 18 that the auditor may call, by name; outside of pg_catalog with its
# schema. Reviewed: they compute, or tell what is; none writes, waits, locks, signals, sets, sends, opens a
# file or runs SQL that it is given as text. A name that a new version adds fails the test: look at what it
# does, then add it here, or see that sql/queries/audit/reaching.sql finds it.
REVIEWED = Path(__file__).with_name("executable_functions.txt")

# Of each kind that the corpus tries, one, in case that somebody shortens the corpus.
TAKEN = (
    "pg_advisory_lock", "pg_try_advisory_xact_lock", "pg_notify", "pg_logical_emit_message", "set_config",
    "pg_sleep", "lo_create", "lo_from_bytea", "txid_current", "pg_current_xact_id", "query_to_xml", "ts_stat",
    "table_to_xml", "pg_terminate_backend", "pg_cancel_backend", "pg_export_snapshot",
    "pg_create_logical_replication_slot",
)  # fmt: skip


def test_the_auditor_may_call_only_what_was_reviewed(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT DISTINCT CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE n.nspname || '.' END || f.proname"
        " FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace"
        " WHERE has_function_privilege('eventlog_auditor', f.oid, 'EXECUTE')"
        " AND has_schema_privilege('eventlog_auditor', n.oid, 'USAGE')"
    ).fetchall()
    assert {name for (name,) in rows} - set(REVIEWED.read_text(encoding="utf-8").split()) == set()


def test_what_reaches_beyond_a_transaction_is_not_among_it() -> None:
    assert set(TAKEN) & set(REVIEWED.read_text(encoding="utf-8").split()) == set()


@pytest.mark.parametrize("role", ["eventlog", "eventlog_appender", "eventlog_projector", "eventlog_reader"])
def test_our_other_roles_keep_what_was_taken(connection: Connection, role: str) -> None:
    assert scalar(connection, "SELECT has_function_privilege(%s, 'pg_notify(text, text)', 'EXECUTE')", role)


def test_it_reads_the_audit_views_and_nothing_else(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT DISTINCT n.nspname, c.relkind"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind <> 'i'"
        " AND has_table_privilege('eventlog_auditor', c.oid, 'SELECT')"
    ).fetchall()
    assert rows == [("audit", "v")]


def test_it_writes_nowhere(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname <> 'pg_catalog' AND c.relkind IN ('r', 'p', 'v')"
        " AND has_table_privilege("
        "   'eventlog_auditor', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
    ).fetchall()
    assert rows == []


def test_it_has_no_powers(connection: Connection) -> None:
    attributes = connection.execute(
        "SELECT rolcanlogin, rolconnlimit, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = 'eventlog_auditor'"
    ).fetchone()
    assert attributes == (True, 16, False, False, False, False, False)
    memberships = "SELECT count(*) FROM pg_auth_members WHERE member = 'eventlog_auditor'::regrole"
    assert scalar(connection, memberships) == 0


def test_it_can_make_nothing(connection: Connection, superuser_dsn: str) -> None:
    protect(superuser_dsn)  # the rights on a database are not copied with it
    assert (
        scalar(
            connection,
            "SELECT bool_or(has_schema_privilege('eventlog_auditor', oid, 'CREATE')) FROM pg_namespace",
        )
        is False
    )
    assert (
        scalar(
            connection,
            "SELECT has_database_privilege('eventlog_auditor', current_database(), 'CREATE')"
            " OR has_database_privilege('eventlog_auditor', current_database(), 'TEMP')",
        )
        is False
    )


def test_nothing_is_installed_that_reaches_out(connection: Connection) -> None:
    assert connection.execute("SELECT extname FROM pg_extension").fetchall() == [("plpgsql",)]


def test_to_protect_again_changes_nothing(superuser_dsn: str, connection: Connection) -> None:
    acls = "SELECT oid, proacl::text FROM pg_proc ORDER BY oid"
    before = connection.execute(acls.encode()).fetchall()
    protect(superuser_dsn)
    assert connection.execute(acls.encode()).fetchall() == before


def test_what_an_upgrade_gives_back_to_everybody_is_found_and_taken(
    superuser_dsn: str, connection: Connection
) -> None:
    """A new major version has functions with other arguments, which no dump has revoked anything on."""
    assert reaching(connection, "public") == []
    assert reaching(connection, "eventlog_auditor") == []
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("GRANT EXECUTE ON FUNCTION pg_notify(text, text), pg_sleep(float8) TO PUBLIC")
    assert reaching(connection, "public") == ["pg_notify(text,text)", "pg_sleep(double precision)"]
    assert reaching(connection, "eventlog_auditor") == reaching(connection, "public")
    finding = next(check_auditor(connection))
    assert (finding.status, finding.name) == ("warning", "auditor")
    assert "2 functions" in finding.found
    protect(superuser_dsn)
    assert next(check_auditor(connection)).status == "ok"


def test_a_function_of_others_that_may_do_more_is_found(superuser_dsn: str, connection: Connection) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute(
            "CREATE FUNCTION public.reach() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::text'"
        )
    finding = next(check_auditor(connection))
    assert finding.status == "warning"
    assert "public.reach()" in (finding.mend or "")


def test_the_auditors_role_has_its_settings(connection: Connection, superuser_dsn: str) -> None:
    assert {finding.status for finding in check_auditor(connection)} == {"ok"}
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        name = superuser.info.dbname
        setting = "ALTER ROLE eventlog_auditor IN DATABASE {} SET log_min_messages = {}"
        superuser.execute(SQL(setting).format(Identifier(name), SQL("warning")))
        _, log, _ = check_auditor(connection)
        assert (log.status, log.mend) == ("warning", f"as a superuser: {setting.format(name, 'fatal')}")
        superuser.execute(SQL(setting).format(Identifier(name), SQL("fatal")))
        assert list(check_auditor(connection))[1].status == "ok"
