"""Logins of their own for API, workers and auditor, each with the rights that its work needs and no more.

    owner                  migrates; the log, the keys and all other tables of the schema eventlog are its own
    eventlog_operator      makes, checks and drops projections, which belong to it; nobody logs in as it
    <database>_api         becomes appender, projector, reader or operator, each for its own work
    <database>_worker      becomes projector
    <database>_auditor     reads the views of the schema audit; member of nothing

None of them can change the log; nor can the owner, as long as it does not take the triggers off. What is
granted is in sql/grants.sql and follows every migrate. Here roles are made and let in, which is asked for
once, and may be asked for again: what is there stays.
"""

from pathlib import Path

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier
from psycopg.sql import Literal as Quoted

from eventlog.audit.protection import AUDIT_DIR, protect_if_alone, set_auditor, standing
from eventlog.errors import RightsMissing, SchemaMismatch, SettingsError
from eventlog.schema.dsn_files import DsnFile, dsn_files
from eventlog.schema.migrate import grant, locked
from eventlog.sessions.database import Connection, connect, first_line, translated_errors
from eventlog.statements import read_sql, statement

# Of a role's name, PostgreSQL keeps 63 bytes; the longest ends in `_auditor`.
DATABASE_BYTES_MAX = 55


class MissingGrant(msgspec.Struct, frozen=True):
    """A statement that makes what is missing of the logins; is_ours: whether nobody else can be meant."""

    statement: str
    is_ours: bool


class LoginNames(msgspec.Struct, frozen=True):
    """What the logins of this database are called."""

    api: str
    worker: str
    auditor: str


def set_apart(dsn: str, folder: Path | None) -> list[str]:
    """Make the logins, or what is missing of them; return what was done, a line each.

    Args:
        dsn: the owner's, of a database that is migrated.
        folder: where the logins' own DSNs are, for EVENTLOG_DSN_FILE; made where they are missing. None sets
            no passwords.

    Raises RightsMissing, with the statements for an administrator; SettingsError.
    """
    with connect(dsn, "owner", "migrate") as connection, translated_errors():
        names = _names(connection)
        files = [] if folder is None else dsn_files(folder, dsn, msgspec.structs.asdict(names))
        with locked(connection):
            done = _make(connection)
            connection.execute(statement("logins/set_apart"))
            grant(connection)
            done += _let_in(connection)
            set_auditor(connection)
            protect_if_alone(connection)
        _let_auditor_read(connection)
        for file in files:
            done += _give_password(connection, file)
    return done


def is_set_apart(dsn: str) -> bool:
    """Say whether a login has just the rights of its own work, and so cannot migrate."""
    with connect(dsn, "login", "start") as connection, translated_errors():
        row = connection.execute(statement("logins/is_set_apart")).fetchone()
    return row == (True,)


def _names(connection: Connection) -> LoginNames:
    if len(connection.info.dbname.encode()) > DATABASE_BYTES_MAX:
        raise SettingsError(
            "the database's name is too long for logins that are called after it: at most "
            f"{DATABASE_BYTES_MAX} bytes"
        )
    names = connection.cursor(row_factory=class_row(LoginNames)).execute(statement("logins/named")).fetchone()
    assert names is not None
    return names


def _make(connection: Connection) -> list[str]:
    """Run the statements that make what is missing, all or none of them."""
    wanted = (
        connection.cursor(row_factory=class_row(MissingGrant)).execute(statement("logins/wanted")).fetchall()
    )
    refused = [each.statement for each in wanted if not each.is_ours or not _run(connection, each.statement)]
    if refused:
        raise RightsMissing(
            f"{connection.info.user} may not make the logins for database {connection.info.dbname}. Have an "
            "administrator of the server run this, then `eventlog migrate --roles` again: "
            + " ".join(f"{each};" for each in [each.statement for each in wanted])
        )
    return [each.statement for each in wanted]


def _run(connection: Connection, command: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(SQL(command))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject):
        return False
    return True


def _let_in(connection: Connection) -> list[str]:
    if not standing(connection).is_alone:
        connection.execute(statement("logins/let_ours_in"))
        return []
    connection.execute(statement("logins/let_in"))
    return ["only who is named may connect to this database any more"]


def _let_auditor_read(connection: Connection) -> None:
    with connection.transaction():
        connection.execute(read_sql(AUDIT_DIR / "grants.sql"))


def _give_password(connection: Connection, file: DsnFile) -> list[str]:
    """Give a login the password that its file has, unless it comes in with that already."""
    if not file.is_new and file.comes_in():
        return []
    if file.password is None:
        raise SettingsError(
            f"{file.path}: {file.login} cannot log in so, and there is no password to give it"
        )
    verifier = connection.pgconn.encrypt_password(
        file.password.encode(), file.login.encode(), b"scram-sha-256"
    )
    command = statement("logins/set_password").format(
        login=Identifier(file.login), verifier=Quoted(verifier.decode())
    )
    try:
        connection.execute(command)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RightsMissing(
            f"{file.login} has another password than {file.path} says, and {connection.info.user} may not "
            f"give it one ({first_line(error)}): have an administrator do it (psql: \\password {file.login})"
        ) from error
    if not file.comes_in():
        raise SchemaMismatch(f"{file.login} cannot log in as {file.path} says: {file.reason()}")
    return [f"password of {file.login}, from {file.path}"]
