"""The rights of each role, as a reviewed list: what is not listed here, nobody but the owner may."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.one_database import database_name as database_name
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]


ROLES = ["eventlog_appender", "eventlog_projector", "eventlog_reader", "public"]
READ = {"SELECT"}
ADD = {"SELECT", "INSERT", "DELETE"}

# Of whole tables; the reader's SELECT on each of them stands below.
TABLES = {
    ("eventlog.outbox", "eventlog_appender"): {"SELECT", "DELETE"},
    ("eventlog.refused_publishes", "eventlog_appender"): ADD,
    ("eventlog.inbox", "eventlog_projector"): READ,
    ("eventlog.partitions", "eventlog_projector"): READ,
    ("eventlog.projections", "eventlog_projector"): READ,
    ("eventlog.projection_versions", "eventlog_projector"): READ,
    ("eventlog.claims", "eventlog_projector"): READ,
    ("eventlog.steps", "eventlog_projector"): ADD,
    ("eventlog.quarantine", "eventlog_projector"): ADD,
    ("eventlog.failures", "eventlog_projector"): ADD,
    ("eventlog.worker_sessions", "eventlog_projector"): ADD,
    ("eventlog.retries", "eventlog_projector"): {"SELECT", "INSERT"},
    ("eventlog.attempts", "eventlog_projector"): ADD | {"UPDATE"},
    ("core_1.events", "eventlog_projector"): ADD,
    ("core_1.duplicates", "eventlog_projector"): ADD,
    ("core_1.conflicts", "eventlog_projector"): ADD,
    ("core_1.stats_deltas", "eventlog_projector"): ADD,
    ("timeline_1.minutes", "eventlog_projector"): ADD,
    ("timeline_1.fresh", "eventlog_projector"): ADD,
}
# Of single columns: all of the log's but received_at.
COLUMNS = {
    ("eventlog.inbox", column, "eventlog_appender", "INSERT")
    for column in (
        "partition", "position", "request_id", "format", "topic", "event_id", "publisher", "headers", "raw",
        "timestamp", "source", "content_hash",
    )
} | {
    ("eventlog.key_days", column, "eventlog_appender", "INSERT") for column in ("key_id", "events")
}  # fmt: skip
FUNCTIONS = {
    ("lock_partitions", "eventlog_appender"),
    ("lock_outbox", "eventlog_appender"),
    ("take_claims", "eventlog_projector"),
    ("checkpoint_of", "eventlog_projector"),
    ("head_of", "eventlog_projector"),
    ("indigestible", "eventlog_projector"),
    ("checkpoint_of", "eventlog_reader"),
    ("head_of", "eventlog_reader"),
    ("partition_of", "eventlog_reader"),
    ("position_at", "eventlog_reader"),
    ("operator_role", "eventlog_reader"),
    ("login_of", "eventlog_reader"),
    # It says why a stable view cannot be read, to whoever may read it.
    *(("projection_dropped", role) for role in ROLES),
}

SCHEMAS = "('eventlog', 'core_1', 'timeline_1')"


def test_rights_on_tables(connection: Connection) -> None:
    granted: dict[tuple[str, str], set[str]] = {}
    for table, role, right in connection.execute(
        "SELECT n.nspname || '.' || c.relname,"
        " CASE acl.grantee WHEN 0 THEN 'public' ELSE acl.grantee::regrole::text END, acl.privilege_type"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL aclexplode(c.relacl) AS acl"
        f" WHERE n.nspname IN {SCHEMAS} AND acl.grantee <> c.relowner".encode()
    ):
        granted.setdefault((table, role), set()).add(right)
    reader = {key: granted.pop(key) for key in list(granted) if key[1] == "eventlog_reader"}
    assert granted == TABLES
    assert set(map(frozenset, reader.values())) == {frozenset(READ)}


def test_the_reader_reads_every_table_and_view_but_secrets(connection: Connection) -> None:
    unreadable = scalar(
        connection,
        "SELECT array_agg(c.oid::regclass::text) FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE n.nspname IN {SCHEMAS} AND c.relkind IN ('r', 'p', 'v')"
        " AND NOT has_table_privilege('eventlog_reader', c.oid, 'SELECT')",
    )
    assert unreadable == ["key_secrets"]


def test_rights_on_columns(connection: Connection) -> None:
    granted = connection.execute(
        "SELECT n.nspname || '.' || c.relname, a.attname, acl.grantee::regrole::text, acl.privilege_type"
        " FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(a.attacl) AS acl"
        f" WHERE n.nspname IN {SCHEMAS}".encode()
    ).fetchall()
    assert set(granted) == COLUMNS


def test_rights_on_functions(connection: Connection) -> None:
    granted = connection.execute(
        "SELECT f.proname, role FROM pg_proc AS f CROSS JOIN unnest(%s::text[]) AS role"
        " WHERE f.pronamespace = 'eventlog'::regnamespace AND has_function_privilege(role, f.oid, 'EXECUTE')",
        [ROLES],
    ).fetchall()
    assert set(granted) == FUNCTIONS


@pytest.mark.parametrize("role", ROLES[:3])
def test_our_roles_cannot_log_in_or_do_anything_special(connection: Connection, role: str) -> None:
    attributes = connection.execute(
        "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = %s",
        [role],
    ).fetchone()
    assert attributes == (False,) * 6
    assert scalar(connection, "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", role) == 0


def test_public_may_not_even_look_into_the_schemas(connection: Connection) -> None:
    assert (
        scalar(
            connection,
            "SELECT bool_or(has_schema_privilege('public', oid, 'USAGE, CREATE')) FROM pg_namespace"
            f" WHERE nspname IN {SCHEMAS}",
        )
        is False
    )


def test_functions_that_run_with_the_owners_rights_fix_their_search_path(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'eventlog'::regnamespace"
    ).fetchall()
    assert {name for name, _ in rows} == {
        "lock_partitions",
        "lock_outbox",
        "take_claims",
        "publish_events",
        "make_schema",
        "note_act",
        "set_audit_aside",
    }
    assert all("search_path=eventlog, pg_temp" in config for _, config in rows)
