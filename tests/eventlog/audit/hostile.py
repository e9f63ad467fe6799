"""The hostile corpus, and what there is in a server that it could change."""

from pathlib import Path

import msgspec
import psycopg
from psycopg.rows import TupleRow

CORPUS = Path(__file__).with_name("hostile.sql")
Connection = psycopg.Connection[TupleRow]


class Hostile(msgspec.Struct, frozen=True):
    """One statement of the corpus."""

    wants: str
    statement: str


def corpus() -> list[Hostile]:
    """Return every statement."""
    parts = CORPUS.read_text(encoding="utf-8").split("\n--# ")[1:]
    return [Hostile(*part.strip().split("\n", 1)) for part in parts]


# Whatever a statement could leave behind.
THINGS = {
    "roles": "SELECT * FROM pg_authid",
    "memberships": "SELECT * FROM pg_auth_members",
    "settings of roles": "SELECT * FROM pg_db_role_setting",
    "settings of files": "SELECT name, setting, sourcefile FROM pg_settings WHERE source <> 'session'",
    "databases": "SELECT oid, datname, datdba, datacl, datconnlimit FROM pg_database",
    "tablespaces": "SELECT * FROM pg_tablespace",
    "extensions": "SELECT * FROM pg_extension",
    "languages": "SELECT * FROM pg_language",
    "schemas": "SELECT * FROM pg_namespace",
    "large objects": "SELECT * FROM pg_largeobject_metadata",
    "relations": "SELECT oid, relname, relnamespace, relowner, relkind, relacl, relfilenode FROM pg_class",
    "columns": "SELECT attrelid, attname, atttypid, attacl FROM pg_attribute",
    "views": "SELECT oid, ev_class, md5(ev_action::text) FROM pg_rewrite",
    "triggers": "SELECT oid, tgrelid, tgname, tgenabled FROM pg_trigger",
    "functions": "SELECT oid, proname, proowner, proacl, md5(coalesce(prosrc, '')) FROM pg_proc",
    "comments": "SELECT * FROM pg_description WHERE classoid = 'pg_class'::regclass",
    "publications": "SELECT * FROM pg_publication",
    "subscriptions": "SELECT oid, subname FROM pg_subscription",
    "slots": "SELECT slot_name FROM pg_replication_slots",
    "prepared transactions": "SELECT * FROM pg_prepared_xacts",
    "advisory locks": "SELECT classid, objid, pid FROM pg_locks WHERE locktype = 'advisory'",
    "foreign servers": "SELECT * FROM pg_foreign_server",
    "sequences": "SELECT * FROM pg_sequences WHERE sequencename <> 'console_statements_id_seq'",
}


def what_there_is(superuser: Connection) -> dict[str, str]:
    """Return all that a statement could change, of the server and of this database's tables, as sums."""
    tables = superuser.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace::regnamespace::text ~ '^(eventlog|core_|timeline_|public)'"
        " AND relname <> 'console_statements'"
    ).fetchall()
    things = THINGS | {table: f"SELECT * FROM {table}" for (table,) in tables}
    # In one statement, summed there: it is asked before and after each of some two hundred.
    summed = " UNION ALL ".join(
        f"SELECT $name${name}$name$, count(*) || ' rows, ' || coalesce(sum(hashtextextended(q::text, 0)), 0)"
        f" FROM ({query}) AS q"
        for name, query in things.items()
    )
    return dict(superuser.execute(summed.encode()).fetchall())


def transactions_and_wal(superuser: Connection) -> tuple[int, int]:
    """Return the next transaction id, and how many bytes of WAL there are so far."""
    row = superuser.execute(
        "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,"
        " (pg_current_wal_insert_lsn() - '0/0')::bigint"
    ).fetchone()
    assert row is not None
    return row[0], row[1]
