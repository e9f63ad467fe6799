"""The schema audit: views and functions, made anew where their files have changed."""

import re
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path

import psycopg
import structlog
from psycopg.sql import SQL, Identifier, Literal

from eventlog.database import Connection, first_line
from eventlog.errors import SchemaMismatch
from eventlog.statements import SQL_DIR, read_sql, statement

log = structlog.get_logger()

AUDIT_DIR = SQL_DIR / "audit"
MADE_OF = re.compile(r"\baudit\.(\w+)")


def install_audit(connection: Connection, *, anew: bool = False) -> None:
    """Bring the schema audit up to date, in the caller's transaction, which holds the migration's lock.

    Views are replaced, so that what others have defined on them stays, and dropped only where an upgrade
    has changed their columns. They read the stable views of the projections: where these are of another
    version yet, the schema stays as it is, until a rebuild has changed them and asks again.
    Not at every start: to replace a view waits for whoever reads it. `anew`: its views were dropped.
    """
    files = _files()
    mark = _mark(files)
    views = sum(path.parent.name == "views" for path in files)
    row = connection.execute(statement("audit/is_outdated"), {"mark": mark, "views": views}).fetchone()
    if not anew and (row is None or not row[0]):
        return
    connection.execute(statement("audit/create_schema"))
    made: str | None = mark
    try:
        with connection.transaction():
            _replace(connection, files)
    except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable) as error:
        log.warning("audit_views_wait", reason=first_line(error))
        made = None
    connection.execute(statement("audit/mark").format(mark=Literal(made)))


def _replace(connection: Connection, files: list[Path]) -> None:
    try:
        with connection.transaction():
            _make(connection, files)
    except psycopg.errors.InvalidTableDefinition:
        _drop_views(connection)
        _make(connection, files)
    connection.execute(read_sql(AUDIT_DIR / "grants.sql"))


def audit_views(connection: Connection) -> list[Identifier]:
    """Return the names of the views in the schema audit; none before it is made."""
    return [Identifier("audit", row[0]) for row in connection.execute(statement("audit/views"))]


def _make(connection: Connection, files: list[Path]) -> None:
    for path in files:
        connection.execute(read_sql(path))


def _drop_views(connection: Connection) -> None:
    """Drop all views: one has other columns than before. Raises SchemaMismatch where others stand on them."""
    views = SQL(", ").join(audit_views(connection))
    try:
        connection.execute(statement("audit/drop_views").format(views=views))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise SchemaMismatch(
            "audit views have other columns than before, and something is defined on them: "
            f"{error.diag.message_detail}; drop that, then run `eventlog migrate`"
        ) from None


def _files() -> list[Path]:
    """Return the files, each after those whose objects it reads."""
    paths = {
        path.stem: path for folder in ("functions", "views") for path in (AUDIT_DIR / folder).glob("*.sql")
    }
    read_by = {
        name: sorted(set(MADE_OF.findall(path.read_text(encoding="utf-8"))) & paths.keys() - {name})
        for name, path in sorted(paths.items())
    }
    return [paths[name] for name in TopologicalSorter(read_by).static_order()]


def _mark(files: list[Path]) -> str:
    digest = sha256()
    for path in [*files, AUDIT_DIR / "grants.sql"]:
        digest.update(path.read_bytes())
    return f"The event log, for those who audit it. sha256 of what made it: {digest.hexdigest()}"
