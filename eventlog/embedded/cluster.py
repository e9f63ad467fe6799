"""The cluster in a data directory: made once, of one version, reached through one socket."""

import hashlib
import os
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from eventlog.embedded.account import Account
from eventlog.embedded.binaries import full_version, major_version
from eventlog.embedded.directory import SUPERUSER, DataDirectory
from eventlog.embedded.process import Command, run_to_end
from eventlog.errors import EmbeddedServerError

BOOTSTRAP = Path(__file__).resolve().parents[2] / "sql" / "embedded" / "bootstrap.sql"


def check_version(directory: DataDirectory, bindir: Path) -> None:
    """Refuse data of another major version than the programs'."""
    data = int((directory.cluster / "PG_VERSION").read_text())
    if data == major_version(bindir):
        return
    raise EmbeddedServerError(
        f"the data in {directory.cluster} is of PostgreSQL {data}, the programs in {bindir} are version "
        f"{full_version(bindir)}: set EVENTLOG_PG_BINDIR to the programs of version {data}, or make "
        "a new cluster with initdb and move the data into it with "
        f"pg_upgrade -b <bindir of {data}> -B {bindir} -d {directory.cluster} -D <new cluster>"
    )


def create_cluster(directory: DataDirectory, bindir: Path, account: Account, lock: int) -> None:
    """Make the cluster, its owner role and its database; killed at any point, it starts over."""
    half = directory.unfinished
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if not account.is_current:
        os.lchown(half, account.uid, account.gid)
    _run(directory, [bindir / "initdb", *_initdb_options(bindir), "-D", half], account, lock)
    single: Command = ["--single", "-j", "-c", "exit_on_error=on", "-D", half, SUPERUSER]
    with BOOTSTRAP.open("rb") as statements:
        _run(directory, [bindir / "postgres", *single], account, lock, stdin=statements.fileno())
    directory.finish_cluster()


def _run(
    directory: DataDirectory, program: Command, account: Account, lock: int, stdin: int = subprocess.DEVNULL
) -> None:
    log = directory.open_log()
    start = os.fstat(log).st_size
    try:
        code = run_to_end(program, account, output=log, inherit=[lock], stdin=stdin)
    finally:
        os.close(log)
    if code != 0:
        name = Path(program[0]).name
        raise EmbeddedServerError(
            f"{name} failed with code {code}; {directory.log} ends with:\n{directory.log_tail(start)}"
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
        "--auth-local=trust",  # the socket lies in a directory that only its user and root can enter
        "--auth-host=scram-sha-256",
        "--no-instructions",
    ]


def socket_dir_of(directory: DataDirectory, account: Account) -> Path:
    """Return where the socket of this data directory lies. Not below $TMPDIR, which may be long."""
    name = hashlib.sha256(str(directory.path.resolve()).encode()).hexdigest()[:12]
    return Path(f"/tmp/eventlog-{account.uid}-{name}")


def make_socket_dir(directory: DataDirectory, account: Account) -> Path:
    """Make the short 0700 directory for the socket of this data directory, empty. The lock must be held.

    A socket's path has a limit of 107 bytes, and a data directory may lie deeper than that.
    """
    path = socket_dir_of(directory, account)
    try:
        path.mkdir(mode=0o700)
        if not account.is_current:
            os.lchown(path, account.uid, account.gid)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or (status.st_uid, status.st_mode & 0o777) != (
            account.uid,
            0o700,
        ):
            raise EmbeddedServerError(
                f"{path} should be a folder of user {account.name} with mode 0700 and is not: remove it"
            ) from None
    for leftover in path.glob(".s.PGSQL.*"):
        leftover.unlink()
    return path


def remove_socket_dir(path: Path) -> None:
    """Remove the socket's directory after a clean stop, so that /tmp does not fill."""
    with suppress(OSError):
        path.rmdir()
