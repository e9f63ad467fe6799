"""Take from PUBLIC what reaches beyond a transaction that is rolled back.

PostgreSQL gives everybody the right to most of its functions. Some of them do what no READ ONLY and no
ROLLBACK takes back, or hold up others: write to the WAL, burn transaction ids, take advisory locks,
change settings, run SQL given as text, sleep. `sql/audit/privileges.sql` takes from PUBLIC, generated
from pg_proc, every function that is volatile and not known to be harmless, and a few more; and gives
them back to the owner of the database, who may pass them on, and to our other roles.

That is a superuser's to do, and it is done where nobody else is concerned: in the embedded database
whenever it is opened, elsewhere at a migrate by a superuser while the database holds nothing but
eventlog. `eventlog doctor` says where it is not done, and how.
"""

from eventlog.database import Connection, connect, translated_errors
from eventlog.statements import SQL_DIR, read_sql, statement

PRIVILEGES = SQL_DIR / "audit" / "privileges.sql"


def protect(superuser_dsn: str) -> None:
    """Protect the database of a superuser's address."""
    with connect(superuser_dsn, "owner", "protect") as connection, translated_errors():
        connection.execute(read_sql(PRIVILEGES))


def protect_if_alone(connection: Connection) -> None:
    """Protect the database if we may, and nobody else's things are in it. Joins the transaction."""
    row = connection.execute(statement("audit/may_protect")).fetchone()
    if row is not None and row[0]:
        connection.execute(read_sql(PRIVILEGES))
