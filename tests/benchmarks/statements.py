"""The benchmarks' own SQL, one statement a file in sql/."""

from functools import cache
from pathlib import Path

from psycopg.sql import SQL

from eventlog.statements import read_sql


@cache
def statement(name: str) -> SQL:
    """Return the statement in sql/<name>.sql."""
    return read_sql(Path(__file__).with_name("sql") / f"{name}.sql")
