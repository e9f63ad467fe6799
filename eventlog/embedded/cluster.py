"""The cluster in a data directory: made once, of one version, reached through one socket."""

import os
import shutil
import subprocess
from pathlib import Path

from eventlog.embedded.account import Account
from eventlog.embedded.binaries import full_version, major_version
from eventlog.embedded.directory import SUPERUSER, DataDirectory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.process import Command, LogWriter, run_to_end
from eventlog.statements import SQL_DIR

BOOTSTRAP = SQL_DIR / "bootstrap.sql"


def check_version(directory: DataDirectory, bindir: Path) -> None:
    """Refuse data of another major version than the programs'."""
    data, programs = directory.major, major_version(bindir)
    if data == programs:
        return
    ways = "`eventlog db upgrade` moves them, or " if data < programs else ""
    raise EmbeddedServerError(
        f"the data in {directory.cluster} are of PostgreSQL {data}, the programs in {bindir} are version "
        f"{full_version(bindir)}: {ways}set EVENTLOG_PG_BINDIR to the programs of version {data}"
    )


def create_cluster(directory: DataDirectory, bindir: Path, account: Account, lock: int) -> None:
    """Make the cluster, its owner role and its database; killed at any point, it starts over.

    Raises EmbeddedServerError where there is one that only lacks its name.
    """
    if directory.is_between_clusters():
        raise EmbeddedServerError(
            f"an upgrade of {directory.path} was interrupted at its end: `eventlog db upgrade` finishes it"
        )
    half = directory.unfinished
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if not account.is_current:
        os.lchown(half, account.uid, account.gid)
    _run(directory, [bindir / "initdb", *_initdb_options(bindir), "-D", half], account, lock)
    off = ["-c", "huge_pages=off"]
    single: Command = ["--single", "-j", "-c", "exit_on_error=on", *off, "-D", half, SUPERUSER]
    with BOOTSTRAP.open("rb") as statements:
        _run(directory, [bindir / "postgres", *single], account, lock, stdin=statements.fileno())
    directory.finish_cluster()


def _run(
    directory: DataDirectory, program: Command, account: Account, lock: int, stdin: int = subprocess.DEVNULL
) -> None:
    start = directory.log_size()
    writer = LogWriter(directory.log, lock)
    try:
        code = run_to_end(program, account, output=writer.pipe, inherit=[lock], stdin=stdin)
    finally:
        os.close(writer.pipe)
        writer.finish()
    if code != 0:
        said = directory.log_tail(start)
        raise EmbeddedServerError(
            f"{Path(program[0]).name} failed with code {code}{_advice(said)}; {directory.log} ends with:\n"
            + said
        )


def _advice(said: str) -> str:
    """Return what to do about what initdb cannot be told to leave."""
    if "Bus error" not in said:
        return ""
    return (
        ": the machine has huge pages, and this process may use none; allow some, "
        "or use PostgreSQL 16 or newer, which can do without"
    )


def _initdb_options(bindir: Path) -> list[str]:
    # The builtin provider sorts by code point everywhere and for ever; an upgrade of the system's C
    # library can never corrupt an index. Before 17, C is the locale that promises the same.
    locale = (
        ["--locale-provider=builtin", "--locale=C.UTF-8"] if major_version(bindir) >= 17 else ["--no-locale"]
    )
    return [
        *locale,
        "--encoding=UTF8",
        "--data-checksums",
        f"--username={SUPERUSER}",
        "--auth-local=trust",  # for tools that start it by themselves; when we do, see access.py
        "--auth-host=scram-sha-256",
        "--no-instructions",
        # As in tuning.py. initdb takes settings from version 16 on.
        *(["-c", "huge_pages=off"] if major_version(bindir) >= 16 else []),
    ]
