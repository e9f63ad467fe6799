"""The schema audit: views and functions, made anew where their files, or what they read, have changed.

A question must not stand in a rebuild's way: PostgreSQL cannot end every statement, and a lock lasts as long
as its statement. So audit views read no stable view, which a switch replaces: they have the stable views'
own text in them, and read the tables of one version. Nor are they replaced: the schema takes another name,
and one is made anew beside it, which needs no lock that a reader holds. A question that has begun goes on
with the old views, whose version's tables and steps stay as they are; `remove_left` takes them away when
nobody reads them any more.

Where others have defined something on them, views are replaced in place, so that theirs follow. That waits
for whoever reads them.
"""

import re
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path

import psycopg
import structlog
from psycopg.sql import SQL, Composable, Literal

from eventlog.errors import SchemaMismatch
from eventlog.sessions.database import Connection, first_line
from eventlog.statements import SQL_DIR, read_sql, statement

log = structlog.get_logger()

AUDIT_DIR = SQL_DIR / "audit"
MADE_OF = re.compile(r"\baudit\.(\w+)")
# The stable views that audit views have the text of, and the projections whose live version they name.
STABLE = ("conflicts", "duplicates", "events", "stats", "timeline")
PROJECTIONS = ("core", "timeline")


def install_audit(connection: Connection) -> None:
    """Bring the schema audit up to date, in the caller's transaction, which holds the migration's lock.

    To be called when another version has gone live, or none is live any more. Where the stable views are of
    other code than this, the schema stays as it is until a rebuild has changed them.

    Raises SchemaMismatch where something is defined on views whose columns have changed.
    """
    files = _files()
    parts = _parts(connection)
    mark = _mark(files, parts)
    views = sum(path.parent.name == "views" for path in files)
    row = connection.execute(statement("audit/is_outdated"), {"mark": mark, "views": views}).fetchone()
    if row != (True,):
        return
    made: str | None = mark
    try:
        with connection.transaction():
            _renew(connection, files, parts)
    except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable, KeyError) as error:
        log.warning("audit_views_wait", reason=first_line(error))
        made = None
    connection.execute(statement("audit/create_schema"))
    connection.execute(statement("audit/mark").format(mark=Literal(made)))


def remove_left(connection: Connection) -> list[str]:
    """Remove the schemas of before that nobody reads any more; return those whose views stay.

    In the caller's transaction, whose lock_timeout says how long to wait for readers. Functions stay for as
    long as a statement is left that may have begun with them.
    """
    kept = []
    for schema, is_needed in connection.execute(statement("audit/left")).fetchall():
        try:
            with connection.transaction():
                connection.execute(statement("audit/remove_left_views").format(schema=Literal(schema)))
                if not is_needed:
                    connection.execute(statement("audit/remove_left").format(schema=Literal(schema)))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            kept.append(schema)
        except psycopg.errors.DependentObjectsStillExist as error:
            log.warning("audit_views_kept", schema=schema, reason=error.diag.message_detail)
            kept.append(schema)
    return kept


def _renew(connection: Connection, files: list[Path], parts: dict[str, Composable]) -> None:
    others = [name for (name,) in connection.execute(statement("audit/defined_on"))]
    before = None if others else _set_aside(connection)
    connection.execute(statement("audit/create_schema"))
    try:
        for path in files:
            connection.execute(read_sql(path).format(**parts))
    except psycopg.errors.InvalidTableDefinition:
        raise SchemaMismatch(
            "audit views have other columns than before, and something is defined on them: "
            f"{', '.join(others)}; drop that, then run `eventlog migrate`"
        ) from None
    connection.execute(read_sql(AUDIT_DIR / "grants.sql"))
    if before is not None:
        connection.execute(statement("audit/copy_rights").format(before=Literal(before)))


def _set_aside(connection: Connection) -> str | None:
    """Give the schema another name, by its number, which never comes back; None where there is none."""
    row = connection.execute(statement("audit/set_aside")).fetchone()
    assert row is not None
    before: str | None
    (before,) = row
    return before


def _parts(connection: Connection) -> dict[str, Composable]:
    """Return what files have in braces: the text of each stable view, and which versions are live."""
    found = connection.execute(statement("audit/live"), {"projections": list(PROJECTIONS)})
    live: dict[str, int | None] = dict(found.fetchall())
    parts: dict[str, Composable] = {
        f"{name}_version": SQL("{}::integer").format(Literal(live.get(name))) for name in PROJECTIONS
    }
    # With nothing on the search path, every name is in full. The savepoint is for that alone.
    with connection.transaction() as looking:
        connection.execute(statement("audit/no_search_path"))
        for name, text in connection.execute(statement("audit/stable"), {"names": list(STABLE)}):
            parts[name] = SQL(f"({text.rstrip().removesuffix(';')})")
        raise psycopg.Rollback(looking)
    return parts


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


def _mark(files: list[Path], parts: dict[str, Composable]) -> str:
    digest = sha256()
    for path in [*files, AUDIT_DIR / "grants.sql"]:
        digest.update(read_sql(path).as_bytes(None))
    for name, part in sorted(parts.items()):
        digest.update(f"{name}: {part.as_string(None)}\n".encode())
    return f"The event log, for those who audit it. sha256 of what made it: {digest.hexdigest()}"
