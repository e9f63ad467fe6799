"""Take from PUBLIC what reaches beyond a transaction that is rolled back.

PostgreSQL gives everybody the right to most of its functions. Some of them do what no READ ONLY and no
ROLLBACK takes back, or hold up others: write to the WAL, burn transaction ids, take advisory locks,
change settings, run SQL given as text, sleep. `sql/queries/audit/reaching.sql` finds them in pg_proc, every
function that is volatile and not known to be harmless, and a few more; `sql/audit/privileges.sql` takes them
from PUBLIC, and gives them back to the owner of the database, who may pass them on, and to our other roles.

That is a superuser's to do, and it is done where nobody else is concerned: in the embedded database
whenever it is opened, elsewhere at a migrate by a superuser while the database holds nothing but
eventlog. A dump does not have it, and a new major version has functions anew: `eventlog doctor` says what
it would still take.

A dump of a protected database says all of it, by the functions' arguments, and a newer major version,
which has other ones, does not take that: before an upgrade the protection is taken back (`eventlog protect
--undo`), and put on again after.
"""

import msgspec
from psycopg.rows import class_row
from psycopg.sql import Literal

from eventlog.sessions.database import Connection, connect, translated_errors
from eventlog.statements import SQL_DIR, read_sql, statement

AUDIT_DIR = SQL_DIR / "audit"


class Standing(msgspec.Struct, frozen=True):
    """What our login may do in a database, and whether it holds things of others, who lose functions."""

    is_superuser: bool
    is_alone: bool


def protect(superuser_dsn: str) -> int:
    """Protect the database of a superuser's address; return how many functions that took from PUBLIC."""
    with connect(superuser_dsn, "owner", "protect") as connection, translated_errors():
        before = len(reaching(connection, "public"))
        _protect(connection)
        return before - len(reaching(connection, "public"))


def unprotect(superuser_dsn: str) -> int:
    """Take the protection back; return how many functions are everybody's again."""
    with connect(superuser_dsn, "owner", "protect") as connection, translated_errors():
        before = len(reaching(connection, "public"))
        connection.execute(read_sql(AUDIT_DIR / "unprotect.sql"))
        return len(reaching(connection, "public")) - before


def protect_if_alone(connection: Connection) -> None:
    """Protect the database if we may, and nobody else's things are in it. Joins the transaction."""
    found = standing(connection)
    if found.is_superuser and found.is_alone:
        _protect(connection)


def standing(connection: Connection) -> Standing:
    """Return what our login may do in this database, and whether the database is eventlog's alone."""
    found = connection.cursor(row_factory=class_row(Standing)).execute(statement("audit/standing")).fetchone()
    assert found is not None
    return found


def set_auditor(connection: Connection) -> None:
    """Give the auditor's role its settings, as far as this session may. Joins the transaction."""
    connection.execute(read_sql(AUDIT_DIR / "settings.sql"))


def reaching(connection: Connection, role: str) -> list[str]:
    """Return the functions that reach beyond a transaction and a role may call; `public` is everybody."""
    query = statement("audit/reaching").format(grantee=Literal(role))
    return [str(function) for (function,) in connection.execute(query)]


def _protect(connection: Connection) -> None:
    taken = statement("audit/reaching").format(grantee=Literal("public"))
    connection.execute(read_sql(AUDIT_DIR / "privileges.sql").format(reaching=taken))
    set_auditor(connection)
