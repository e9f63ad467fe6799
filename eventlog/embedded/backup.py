"""A copy of a running database: of ours by pg_basebackup, of anyone's by pg_dump."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from eventlog.embedded.binaries import find_binaries, major_of
from eventlog.embedded.directory import SUPERUSER
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.process import Command
from eventlog.embedded.server import EmbeddedServer
from eventlog.errors import DatabaseUnavailable, EventlogError

# A server without lz4 takes no table that says it is compressed by that.
OPTIONS = ("--no-password", "--no-toast-compression")
INTERNAL_OPTION = b"pg_attver="


def base_backup(
    server: EmbeddedServer, target: Path, bindir: Path | None = None, *, tar: bool = False
) -> None:
    """Copy the whole server, with the WAL that makes the copy consistent, into an empty folder.

    Not as tar, the folder becomes a data directory for EmbeddedServer. Progress goes to stderr.
    Killed half way it leaves a folder that no server takes for a cluster.
    """
    _make_empty(target)
    half = target / "cluster.new"
    running = server.postmaster
    program: Command = [
        find_binaries(bindir) / "pg_basebackup",
        *("--host", running.socket_dir, "--port", str(running.port), "--username", SUPERUSER),
        *("--pgdata", target if tar else half, "--format", "tar" if tar else "plain"),
        *("--wal-method", "stream", "--checkpoint", "fast", "--progress", "--no-password"),
    ]
    _run(program, {})
    if not tar:
        _give_to(server.directory.cluster.stat(), half)
        half.rename(target / "cluster")


def _give_to(owner: os.stat_result, half: Path) -> None:
    """Give the copy the owner of the original: root has written it as root."""
    if owner.st_uid == os.geteuid():
        return
    for path in (half, *half.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    half.parent.chmod(0o755)


def dump(dsn: str, target: Path, bindir: Path | None = None) -> tuple[Path, Path]:
    """Dump a database that is not ours into an empty folder; return the file, and the pg_restore for it."""
    address, secrets = _without_secrets(dsn)
    program = _pg_dump(dsn, bindir)
    _make_empty(target)
    file = target / "eventlog.dump"
    half = file.with_suffix(".dump.new")
    command: Command = [program, *OPTIONS, "--format", "custom", "--verbose", "--dbname", address]
    try:
        _run([*command, "--file", half], secrets)
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    return file, program.with_name("pg_restore")


def _server_major(dsn: str) -> int:
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            return connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database of EVENTLOG_DSN cannot be reached: {error}") from error


def _pg_dump(dsn: str, bindir: Path | None) -> Path:
    """Return a pg_dump that can read this server: not older than it, and not from before its release.

    PATH's comes before the wheel's, which does not speak TLS.
    """
    server_major = _server_major(dsn)
    on_path = shutil.which("pg_dump")
    choice = [bindir / "pg_dump"] if bindir else [Path(on_path)] if on_path else []
    choice.append(find_binaries() / "pg_dump")
    choice.extend(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    able = [program for program in choice if program.exists() and major_of(program) >= server_major]
    for program in able:
        if knows_server(program, dsn):
            return program
    found = f"; {', '.join(map(str, able))} is from before the server's release" if able else ""
    raise EventlogError(
        f"the database is PostgreSQL {server_major} and there is no pg_dump here that can dump it{found}: "
        "install the one of its own release, or set EVENTLOG_PG_BINDIR to its folder"
    )


def knows_server(program: Path, dsn: str) -> bool:
    """Say whether a pg_dump leaves out what this server keeps to itself.

    Servers released since November 2026 (15.20 and its like) number the versions of each column in an
    internal option. A pg_dump from before writes it out, and no server takes it back.
    """
    address, secrets = _without_secrets(dsn)
    command: Command = [program, *OPTIONS, "--schema-only", "--schema", "eventlog", "--dbname", address]
    said = subprocess.run(command, capture_output=True, check=False, env=_environment() | secrets)
    return INTERNAL_OPTION not in said.stdout


def _without_secrets(dsn: str) -> tuple[str, dict[str, str]]:
    """Split a DSN in what may stand in a process list, and environment variables for the rest."""
    parts = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    if "sslpassword" in parts:  # libpq reads it from nowhere but the connection string
        raise EventlogError("pg_dump cannot be given an sslpassword without showing it to every user here")
    password = parts.pop("password", None)
    return make_conninfo("", **parts), {"PGPASSWORD": password} if password else {}


def _make_empty(target: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(target.iterdir()):
            raise EventlogError(f"{target} is not empty: name a folder that does not exist yet")
    except OSError as error:
        raise EventlogError(f"{target} cannot be made or read ({error.strerror})") from error


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "EVENTLOG_DSN"}


def _run(program: Command, secrets: dict[str, str]) -> None:
    """Run a program that talks on stderr, in our process group, so that Ctrl-C ends it too."""
    try:
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL, env=_environment() | secrets)
    except FileNotFoundError as error:
        raise EmbeddedServerError(
            f"{program[0]} is missing: install PostgreSQL's client programs, "
            "or set EVENTLOG_PG_BINDIR to their folder"
        ) from error
    except subprocess.CalledProcessError as error:
        name = Path(program[0]).name
        raise EventlogError(
            f"{name} failed with code {error.returncode}; what it said stands above"
        ) from None
