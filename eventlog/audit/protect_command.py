"""`eventlog protect`: take from everybody what reaches beyond a transaction, and give it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal.printing import say

if TYPE_CHECKING:
    from eventlog.settings import Settings


def protect(
    undo: Annotated[
        bool, typer.Option("--undo", help="Give it back to everybody: before a dump or pg_upgrade.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take the functions of PostgreSQL that reach beyond a transaction from everybody but eventlog.

    For a superuser, in the log's database: EVENTLOG_DSN=postgresql://postgres@host/log eventlog protect.
    The embedded database is protected whenever it is opened.
    """
    from eventlog.audit import protection
    from eventlog.settings import load_settings

    with _superuser(load_settings()) as dsn:
        is_alone = _require_superuser(dsn)
        if undo:
            say(f"{protection.unprotect(dsn)} functions are everybody's again; `eventlog protect` takes them")
            return
        if not is_alone and not yes:
            typer.confirm(
                "Others have tables or functions in this database, and lose functions such as pg_sleep, "
                "advisory locks and large objects. Go on?",
                abort=True,
                err=True,
            )
        taken = protection.protect(dsn)
        say(f"took {taken} functions from everybody; `eventlog protect --undo` gives them back")


def _require_superuser(dsn: str) -> bool:
    """Return whether the database is eventlog's alone; raise RightsMissing where we may not protect it."""
    from eventlog.audit.protection import standing
    from eventlog.errors import RightsMissing
    from eventlog.schema.migrate import schema_state
    from eventlog.sessions.database import connect, translated_errors

    with connect(dsn, "owner", "protect") as connection, translated_errors():
        schema_state(connection)
        found = standing(connection)
        if not found.is_superuser:
            raise RightsMissing(
                f"{connection.info.user} is no superuser, and only one may change who calls PostgreSQL's own "
                "functions: set EVENTLOG_DSN to a superuser's login in this database, for this command"
            )
    return found.is_alone


@contextmanager
def _superuser(settings: "Settings") -> Iterator[str]:
    """Yield the address that was given, or of the embedded server's superuser, starting it if need be."""
    if settings.dsn is not None:
        yield settings.dsn
        return
    from eventlog.embedded import EmbeddedServer
    from eventlog.errors import DatabaseUnavailable

    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    if not server.directory.cluster.exists():
        raise DatabaseUnavailable(f"there is no event log in {settings.data_dir}")
    server.start(say)
    try:
        yield server.superuser_dsn
    finally:
        server.stop()
