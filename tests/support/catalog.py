"""What a database's schema is, as lines of text that can be compared, whatever the order it was made in."""

import psycopg
from psycopg.rows import TupleRow

OURS = "n.nspname = 'eventlog' OR n.nspname LIKE 'timeline\\_%' OR n.nspname LIKE 'core\\_%'"

QUERIES = {
    "schema": f"SELECT n.nspname FROM pg_namespace AS n WHERE {OURS}",
    "relation": f"""
        SELECT c.oid::regclass::text, c.relkind, c.reloptions, pg_get_expr(c.relpartbound, c.oid),
               pg_get_partkeydef(c.oid), obj_description(c.oid, 'pg_class')
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'S') AND ({OURS})""",
    "column": f"""
        SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attcollation::regcollation::text, a.attidentity, a.attcompression,
               pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v') AND ({OURS})""",
    "constraint": f"""
        SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated
        FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = k.connamespace
        WHERE {OURS}""",
    "index": f"""
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {OURS}""",
    "trigger": f"""
        SELECT pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger AS t
        JOIN pg_class AS c ON c.oid = t.tgrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND ({OURS})""",
    "function": f"""
        SELECT pg_get_functiondef(f.oid)
        FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE {OURS}""",
    "view": f"""
        SELECT c.oid::regclass::text, pg_get_viewdef(c.oid)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND ({OURS})""",
    "right on a relation": f"""
        SELECT c.oid::regclass::text, acl.grantee::regrole::text, acl.privilege_type, acl.is_grantable
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL aclexplode(c.relacl) AS acl
        WHERE {OURS}""",
    "right on a column": f"""
        SELECT c.oid::regclass::text, a.attname, acl.grantee::regrole::text, acl.privilege_type
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL aclexplode(a.attacl) AS acl
        WHERE {OURS}""",
    "right on a function": f"""
        SELECT f.oid::regprocedure::text, acl.grantee::regrole::text, acl.privilege_type
        FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        CROSS JOIN LATERAL aclexplode(f.proacl) AS acl
        WHERE {OURS}""",
    "right on a schema": f"""
        SELECT n.nspname, acl.grantee::regrole::text, acl.privilege_type
        FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS acl
        WHERE {OURS}""",
    "migration": "SELECT version, name, checksum FROM eventlog.schema_migrations",
    "projection": "SELECT projection, version, schema_name, definition FROM eventlog.projection_versions",
    "claim": "SELECT projection, version, partition FROM eventlog.claims",
}


def catalog(dsn: str) -> list[str]:
    """Describe the schema: a line for each thing in it, sorted."""
    with psycopg.connect(dsn) as connection:
        return sorted(f"{kind}: {row}" for kind, query in QUERIES.items() for row in _rows(connection, query))


def _rows(connection: psycopg.Connection[TupleRow], query: str) -> list[TupleRow]:
    return connection.execute(query.encode()).fetchall()
