"""Load SQL from its files, by name.

`statement("append/copy")` is sql/queries/append/copy.sql. Statements of a line or two share a file:
`statement("append/commit")` stands in sql/queries/append/short.sql, below `-- name: commit`.

In any file, `{include fragments/workers.sql}` stands for the text of that file below sql/.
"""

import re
from functools import cache
from pathlib import Path

from psycopg import sql

SQL_DIR = Path(__file__).resolve().parent.parent / "sql"
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_INCLUDE = re.compile(r"\{include ([\w/]+\.sql)\}")


@cache
def statement(name: str) -> sql.SQL:
    """Return the statement of this name below sql/queries. Raises KeyError where there is none."""
    path = SQL_DIR / "queries" / f"{name}.sql"
    if path.exists():
        return read_sql(path)
    return sql.SQL(named_statements(path.with_name("short.sql"))[path.stem])


def read_sql(path: Path) -> sql.SQL:
    """Return a file's text as SQL. Only files that ship with the product or its projections."""
    return sql.SQL(_text(path))


@cache
def named_statements(path: Path) -> dict[str, str]:
    """Return the statements that share a file, by name."""
    _, *pieces = _NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def _text(path: Path) -> str:
    return _INCLUDE.sub(lambda found: _text(SQL_DIR / found[1]).rstrip(), path.read_text(encoding="utf-8"))
