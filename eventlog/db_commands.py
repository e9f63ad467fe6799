"""`eventlog db`: the embedded PostgreSQL on its own: start, stop, address, backup."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal.printing import say

if TYPE_CHECKING:
    from eventlog.embedded import EmbeddedServer
    from eventlog.settings import Settings

app = typer.Typer(help="The embedded PostgreSQL: start, stop, address, backup.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the database, to go on when this command ends."""
    from eventlog.embedded import EmbeddedServer

    settings = _embedded_settings()
    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    was_running = server.attach()
    if not was_running:
        server.start_detached(say)
    runs = "already runs" if was_running else "runs"
    say(f"PostgreSQL {runs} as process {server.pid} on {settings.data_dir}")
    say('connect with: psql "$(eventlog db url)"; stop with: eventlog db stop')


@app.command()
def stop(
    force: Annotated[bool, typer.Option(help="Stop it even when a running `eventlog up` owns it.")] = False,
) -> None:
    """Stop the database cleanly."""
    from eventlog.embedded import stop_running

    settings = _embedded_settings()
    stopped = stop_running(settings.data_dir, force=force, say=say)
    say("stopped" if stopped else f"no database runs on {settings.data_dir}")


@app.command()
def url() -> None:
    """Print the owner's DSN; with EVENTLOG_DSN, that one with our search path added.

    It holds the password if EVENTLOG_DSN does.
    """
    settings = _settings()
    typer.echo(_with_search_path(settings.dsn) if settings.dsn else _running_server(settings).dsn)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A folder that does not exist yet or is empty.")],
    tar: Annotated[bool, typer.Option(help="Write tar files instead of a data directory.")] = False,
) -> None:
    """Write a whole, consistent copy of the database while it runs.

    Of the embedded one by pg_basebackup: the folder is then a data directory, which
    EVENTLOG_DATA_DIR=<folder> brings to life. With EVENTLOG_DSN by pg_dump.
    """
    from shlex import quote

    from eventlog.embedded.backup import base_backup, dump

    settings = _settings()
    if settings.dsn is not None:
        file, pg_restore = dump(settings.dsn, target, settings.pg_bindir)
        say(f"wrote {file}; to restore it, into an empty database (docs/operating.md tells more):")
        options = "--no-owner --no-privileges --single-transaction"
        say(f"    {quote(str(pg_restore))} {options} --dbname <DSN> {quote(str(file))}")
        say("    EVENTLOG_DSN=<DSN> eventlog migrate")
        return
    base_backup(_running_server(settings), target, settings.pg_bindir, tar=tar)
    look = "" if tar else f"; look into it with EVENTLOG_DATA_DIR={quote(str(target))}"
    say(f"wrote {target}{look}")


def _settings() -> "Settings":
    from eventlog.settings import load_settings

    return load_settings()


def _embedded_settings() -> "Settings":
    from eventlog.errors import SettingsError

    settings = _settings()
    if settings.dsn is not None:
        raise SettingsError(
            "EVENTLOG_DSN is set, so eventlog uses that database and no embedded one: "
            "unset it for this command"
        )
    return settings


def _running_server(settings: "Settings") -> "EmbeddedServer":
    from eventlog.embedded import EmbeddedServer
    from eventlog.errors import DatabaseUnavailable

    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    if not server.attach():
        raise DatabaseUnavailable(server.absence())
    return server


def _with_search_path(dsn: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    options = str(conninfo_to_dict(dsn).get("options") or "")
    return make_conninfo(dsn, options=f"{options} -c search_path=eventlog,public".strip())
