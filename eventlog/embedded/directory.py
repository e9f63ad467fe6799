"""The data directory: what lies where, who may have it, and how its cluster comes into being.

    <data dir>/lock           flock'ed by the owner *and inherited by PostgreSQL*; says who the owner is
    <data dir>/postgres.log   what PostgreSQL says
    <data dir>/cluster/       the PGDATA; it exists only when it is complete
    <data dir>/cluster.new/   a cluster being made; worth nothing, whoever finds it

The lock is the authority on who may touch the directory. Because every PostgreSQL process holds it
too, it is free only when owner, postmaster and backends are all gone: an owner that was killed
leaves it locked until its server has finished its shutdown, and a new owner just waits.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from eventlog.embedded.account import Account, account_for, closed_directory, launch
from eventlog.embedded.binaries import full_version, major_version
from eventlog.errors import EmbeddedServerError

OWNER = "eventlog"  # role and database, see sql/embedded/bootstrap.sql
SUPERUSER = "postgres"
BOOTSTRAP = Path(__file__).parents[2] / "sql" / "embedded" / "bootstrap.sql"
LOG_BYTES_MAX = 16 << 20  # then it is put aside at the next start


@dataclass(frozen=True)
class Postmaster:
    """What a server says about itself in postmaster.pid."""

    pid: int
    port: int
    socket_dir: Path


class DataDirectory:
    """One directory that holds one cluster."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.cluster = self.path / "cluster"
        self.log = self.path / "postgres.log"
        self.lock = self.path / "lock"

    def prepare(self) -> Account:
        """Make the directory if need be; return who runs PostgreSQL on it.

        Raises EmbeddedServerError if that user could never reach it. No directory that was
        there before is opened up, except this one itself while it is still empty.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
            account = account_for(self.cluster)
            if os.geteuid() == 0 and not any(self.path.iterdir()):
                self.path.chmod(0o755)
        except OSError as error:
            raise EmbeddedServerError(
                f"the data directory {self.path} cannot be made or used ({error.strerror}): "
                "set EVENTLOG_DATA_DIR to a folder that you own"
            ) from error
        closed = closed_directory(self.cluster, account)
        if closed is not None:
            raise EmbeddedServerError(
                f"the data directory {self.path} lies below {closed}, which user {account.name} cannot "
                f"enter, and PostgreSQL runs as {account.name} because it refuses to run as root: "
                "set EVENTLOG_DATA_DIR to a folder such as /var/lib/eventlog, or run this as an ordinary user"
            )
        return account

    def try_lock(self) -> int | None:
        """Take the lock; return its file descriptor, or None while anybody else holds it."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise EmbeddedServerError(f"{self.lock} cannot be opened ({error.strerror})") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def write_owner(self, descriptor: int, *, detached: bool) -> None:
        """Say in the lock file who owns the server; a detached server has no owner."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": None if detached else os.getpid()}).encode(), 0)

    def owner_pid(self) -> int | None:
        """Return the process that owns the running server, None if it runs on its own."""
        try:
            pid = json.loads(self.lock.read_bytes())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if isinstance(pid, int) and Path(f"/proc/{pid}").exists() else None

    def postmaster(self) -> Postmaster | None:
        """Return what postmaster.pid says; it may be stale."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            return Postmaster(int(lines[0]), int(lines[3]), Path(lines[4]))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise EmbeddedServerError(
                f"the server on {self.path} belongs to another user: run this as that user or as root"
            ) from error
        except (IndexError, ValueError):  # half written: it is just starting
            return None

    def clear_stale_pid(self) -> None:
        """Remove a postmaster.pid whose process is somebody else by now. The lock must be held.

        After a machine crash or in a restarted container the number may be taken again, and
        PostgreSQL, which looks at the number alone, would then refuse to start.
        """
        found = self.postmaster()
        if found is None or not Path(f"/proc/{found.pid}").exists():
            return
        try:
            runs_here = Path(f"/proc/{found.pid}/cwd").readlink() == self.cluster.resolve()
        except OSError:
            runs_here = False
        if runs_here:
            raise EmbeddedServerError(
                f"PostgreSQL process {found.pid} already runs on {self.cluster}, started by something other "
                "than eventlog: stop it first"
            )
        (self.cluster / "postmaster.pid").unlink()

    def open_log(self) -> int:
        """Open the server's log for appending, putting a large old one aside."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)

    def log_tail(self, start: int) -> str:
        """Return the last lines of the log that are younger than byte `start`."""
        with self.log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-8:])

    def check_version(self, bindir: Path) -> None:
        """Refuse data of another major version than the programs'."""
        data = int((self.cluster / "PG_VERSION").read_text())
        if data == major_version(bindir):
            return
        raise EmbeddedServerError(
            f"the data in {self.cluster} is of PostgreSQL {data}, the programs in {bindir} are version "
            f"{full_version(bindir)}: set EVENTLOG_PG_BINDIR to the programs of version {data}, or make "
            "a new cluster with initdb and move the data with "
            f"pg_upgrade -b <bindir of {data}> -B {bindir} -d {self.cluster} -D <new cluster>"
        )

    def create_cluster(self, bindir: Path, account: Account, lock: int) -> None:
        """Make the cluster, its owner role and its database; killed at any point, it starts over."""
        half = self.path / "cluster.new"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        if not account.is_current:
            os.chown(half, account.uid, account.gid)
        self._run([bindir / "initdb", *_initdb_options(bindir), "-D", half], account, lock)
        with BOOTSTRAP.open("rb") as statements:
            single = ["--single", "-j", "-c", "exit_on_error=on", "-D", str(half), SUPERUSER]
            self._run([bindir / "postgres", *single], account, lock, stdin=statements.fileno())
        half.rename(self.cluster)
        _sync_directory(self.path)

    def _run(
        self, program: list[Path | str], account: Account, lock: int, stdin: int = subprocess.DEVNULL
    ) -> None:
        log = self.open_log()
        start = os.fstat(log).st_size
        try:
            process = launch(
                program, account, output=log, stdin=stdin, death_signal=signal.SIGKILL, inherit=[lock]
            )
            code = process.wait()
        finally:
            os.close(log)
        if code != 0:
            name = Path(program[0]).name
            raise EmbeddedServerError(
                f"{name} failed with code {code}; {self.log} ends with:\n{self.log_tail(start)}"
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


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_socket_dir(directory: DataDirectory, account: Account) -> Path:
    """Make the short 0700 directory for the socket of this data directory, empty. The lock must be held.

    A socket's path has a limit of 107 bytes, and a data directory may lie deeper than that.
    """
    name = hashlib.sha256(str(directory.path.resolve()).encode()).hexdigest()[:12]
    path = Path(f"/tmp/eventlog-{account.uid}-{name}")
    try:
        path.mkdir(mode=0o700)
        if not account.is_current:
            os.chown(path, account.uid, account.gid)
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
