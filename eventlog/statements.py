"""Load SQL from its files, by name: `statement("append/lock")` is sql/queries/append/lock.sql."""

from functools import cache
from pathlib import Path

from psycopg import sql

SQL_DIR = Path(__file__).resolve().parent.parent / "sql"


@cache
def statement(name: str) -> sql.SQL:
    """Return the statement in sql/queries/<name>.sql."""
    return read_sql(SQL_DIR / "queries" / f"{name}.sql")


def read_sql(path: Path) -> sql.SQL:
    """Return a file's text as SQL. Only files that ship with the product or its projections."""
    return sql.SQL(path.read_text(encoding="utf-8"))
