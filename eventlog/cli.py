"""The `eventlog` command: each package brings its own commands; here they are put together.

Their modules are loaded by name, since nobody imports upward, and import heavy things only when a
command runs, so that `eventlog --help` stays quick.
"""

import errno
import os
import re
import shutil
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from eventlog import __version__
from eventlog.audit.errors import QuestionRefused
from eventlog.errors import DatabaseUnavailable, DiskFull, EventlogError, SettingsError
from eventlog.standard_error import keep_standard_error
from eventlog.terminal import exits
from eventlog.terminal.closed_output import ClosedOutput
from eventlog.terminal.errors import ApiUnavailable
from eventlog.terminal.printing import say

# Name → where its function or sub-application is, in the order in which --help lists them.
COMMANDS = {
    "demo": "publisher.commands:demo",
    "up": "api.commands:up",
    "api": "api.commands:api",
    "worker": "projections.commands:worker",
    "migrate": "projections.commands:migrate",
    "simulate": "publisher.commands:simulate",
    "ship": "publisher.commands:ship",
    "tail": "projections.reading_commands:tail",
    "stats": "projections.reading_commands:stats",
    "projections": "projections.operating_commands:app",
    "rebuild": "projections.operating_commands:rebuild",
    "verify": "projections.operating_commands:verify",
    "drop": "projections.operating_commands:drop",
    "quarantine": "projections.quarantine.commands:app",
    "sql": "eventlog.audit.commands:sql",
    "console": "eventlog.audit.commands:console",
    "keys": "eventlog.keys.commands:app",
    "acts": "eventlog.acts.commands:acts",
    "ingest": "eventlog.ingest.commands:app",
    "protect": "eventlog.audit.protect_command:protect",
    "doctor": "projections.doctor_command:doctor",
    "db": "eventlog.db_commands:app",
    "db upgrade": "projections.upgrade_command:upgrade",
}

# Of a narrower terminal, what tables have no room for would be left out, to the last figure; so lines wrap.
WIDTH_MIN = 80
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
# What Python makes of bytes that are no UTF-8, in arguments and in the environment.
NO_TEXT = re.compile("[\udc80-\udcff]")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"eventlog {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Return the whole application."""
    app = typer.Typer(
        name="eventlog",
        help="An immutable event log in PostgreSQL, with projections that can be rebuilt and proven.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        pass

    groups = {"": app}
    for name, place in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        group, _, last = name.rpartition(" ")
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
            groups[name] = command
        else:
            groups[group].command(last)(command)
    return app


def main() -> NoReturn:
    """Run the command line; errors of ours end in one line and the exit code of their kind."""
    keep_standard_error()
    _keep_width()
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding lacks is shown as an escape
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _run()
    except EventlogError as error:
        say(f"eventlog: {error}{_advice(error)}")
        sys.exit(_exit_code(error))
    except UnicodeEncodeError as error:
        if not NO_TEXT.search(error.object):
            raise
        say("eventlog: an argument or a setting has bytes that are no UTF-8: only names of files may")
        sys.exit(exits.USAGE)
    except KeyboardInterrupt:  # before a command had begun
        sys.exit(exits.INTERRUPTED)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        sys.stdout = None  # it would fail once more at exit
        print(f"eventlog: cannot write {error.filename or 'the output'}: {error.strerror}", file=sys.stderr)
        sys.exit(exits.FAILED)
    sys.exit(0)


def _run() -> None:
    """Run the command, and write the last of its output while what goes wrong can still be told."""
    try:
        build()()
    finally:
        if sys.stdout is not None:
            try:
                sys.stdout.flush()
            except BrokenPipeError:  # the reader of our output has closed it
                sys.stdout = None


def _keep_width() -> None:
    """Have tables made at least so wide as to lose nothing, whatever COLUMNS or the terminal says."""
    width = shutil.get_terminal_size().columns
    if "COLUMNS" in os.environ or width < WIDTH_MIN:
        os.environ["COLUMNS"] = str(max(width, WIDTH_MIN))


def _advice(error: EventlogError) -> str:
    """Return where to go on from an error: to the command that examines a database, unless it is that."""
    examined = sys.argv[1:2] == ["doctor"]
    if isinstance(error, DiskFull):
        return "; free some room on the database's volumes: `eventlog doctor` and PostgreSQL's log name them"
    return "; see `eventlog doctor`" if isinstance(error, DatabaseUnavailable) and not examined else ""


def _exit_code(error: EventlogError) -> int:
    if isinstance(error, SettingsError | QuestionRefused):
        return exits.USAGE
    return exits.UNREACHABLE if isinstance(error, DatabaseUnavailable | ApiUnavailable) else exits.FAILED
