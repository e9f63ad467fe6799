"""The data directory: what lies where, and who may have it.

    <data dir>/lock           flock'ed by the owner *and inherited by PostgreSQL*; says who the owner is
    <data dir>/postgres.log   what PostgreSQL says; postgres.log.1 and so on, what it said before
    <data dir>/socket/        where it listens, see embedded/sockets.py
    <data dir>/pg_*.conf      who may come in, see embedded/access.py
    <data dir>/cluster/       the PGDATA; it exists only when it is complete
    <data dir>/cluster.new/   a cluster being made; worth nothing, whoever finds it
    <data dir>/upgrade/       the same, of a newer major version, see embedded/upgrade.py
    <data dir>/cluster.15/    what an upgrade has left, for one; nobody looks at it any more

The lock is the authority on who may touch the directory. Because every PostgreSQL process holds it
too, it is free only when owner, postmaster and backends are all gone: an owner that was killed
leaves it locked until its server has finished its shutdown, and a new owner just waits.
"""

import errno
import fcntl
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eventlog.addresses import shown
from eventlog.embedded.account import Account, account_for, closed_directory
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.errors import SettingsError

OWNER = "eventlog"  # role and database, see sql/bootstrap.sql
SUPERUSER = "postgres"
# What may lie in a data directory before there is a cluster, a new volume's lost+found with it.
OURS = re.compile(r"lock|socket|upgrade|access|proven|cluster\..*|postgres\.log.*|pg_.*\.conf|lost\+found")
NAMES_TOLD = 3
# What helps where our own file cannot be opened for writing.
MENDS = {
    errno.EROFS: "mount its file system for writing",
    errno.ENOSPC: "free some room on its volume",
    errno.EDQUOT: "free some room on its volume",
}


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
        self.unfinished = self.path / "cluster.new"
        self.upgrading = self.path / "upgrade"
        self.proof = self.upgrading / "proven"
        self.log = self.path / "postgres.log"
        self.lock = self.path / "lock"

    def prepare(self) -> Account:
        """Make the directory if need be; return who runs PostgreSQL on it.

        Raises EmbeddedServerError if that user could never reach it, SettingsError where others' files lie.
        No directory that was there before is opened up, except this one itself while it is still empty.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
            account = account_for(self.cluster)
            if os.geteuid() == 0 and not any(self.path.iterdir()):
                self.path.chmod(0o755)
        except OSError as error:
            mend = MENDS.get(error.errno or 0)
            raise EmbeddedServerError(
                f"the data directory {self.path} cannot be made or used ({error.strerror}): "
                f"{mend + ', or ' if mend else ''}set EVENTLOG_DATA_DIR to a folder that you own"
            ) from error
        if strangers := self._strangers():
            raise SettingsError(
                f"the data directory {self.path} holds what is not of eventlog ({strangers}): "
                "set EVENTLOG_DATA_DIR to a folder that is empty, or does not exist"
            )
        closed = closed_directory(self.cluster, account)
        if closed is not None:
            raise EmbeddedServerError(
                f"user {account.name} cannot enter {closed}, on the way to the data directory {self.path}, "
                f"and PostgreSQL runs as {account.name} because it refuses to run as root: "
                "set EVENTLOG_DATA_DIR to a folder such as /var/lib/eventlog, or run this as an ordinary user"
            )
        return account

    def _strangers(self) -> str:
        """Return what lies here that is not ours, some of it; nothing where a cluster of ours is already."""
        if self.cluster.exists() or self.is_between_clusters():
            return ""
        names = sorted(path.name for path in self.path.iterdir() if not OURS.fullmatch(path.name))
        return ", ".join([*map(shown, names[:NAMES_TOLD]), *(["…"] if names[NAMES_TOLD:] else [])])

    def try_lock(self) -> int | None:
        """Take the lock; return its file descriptor, or None while anybody else holds it."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            mend = MENDS.get(error.errno or 0, f"run this as the owner of {self.path}")
            raise EmbeddedServerError(
                f"{self.lock} cannot be opened ({error.strerror}): {mend}, "
                "or set EVENTLOG_DATA_DIR to a folder of your own"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_locked(self) -> bool:
        """Say whether anybody holds the lock. Makes nothing."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def write_owner(self, lock: int, *, detached: bool) -> None:
        """Write into the lock file which process owns the server; a detached server has no owner."""
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps({"pid": None if detached else os.getpid()}).encode(), 0)

    def owner_pid(self) -> int | None:
        """Return the living process that owns the running server; None if it runs on its own.

        A number alone proves nothing, it may be somebody else's by now; the postmaster's parent does.
        """
        try:
            pid = json.loads(self.lock.read_bytes())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        found = self.postmaster()
        if not isinstance(pid, int) or not Path(f"/proc/{pid}").exists():
            return None
        return pid if found is None or _parent_of(found.pid) == pid else None

    def finish_cluster(self) -> None:
        """Give the finished cluster its name, for good."""
        self.unfinished.rename(self.cluster)
        self.sync()

    def sync(self) -> None:
        """Make durable what was renamed in it."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @property
    def major(self) -> int:
        """The major version of PostgreSQL that the data are of."""
        return int((self.cluster / "PG_VERSION").read_text())

    def kept(self, major: int) -> Path:
        """Return where an upgrade leaves the data of an old version."""
        return self.path / f"cluster.{major}"

    def is_between_clusters(self) -> bool:
        """Say whether an upgrade was interrupted between moving the old cluster away and the new one in."""
        return not self.cluster.exists() and self.proof.exists() and (self.upgrading / "cluster").exists()

    def is_there(self) -> bool:
        """Say whether there is a cluster, or somebody is making one. Makes nothing."""
        try:
            return self.cluster.exists() or self.is_between_clusters() or self.is_locked()
        except PermissionError:  # it belongs to another user, which opening it will say
            return True

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
        if self.is_postmaster(found.pid):
            raise EmbeddedServerError(
                f"PostgreSQL process {found.pid} already runs on {self.cluster}, started by something other "
                "than eventlog: stop it first"
            )
        (self.cluster / "postmaster.pid").unlink()

    def is_postmaster(self, pid: int) -> bool:
        """Say whether this process works in our cluster, as every PostgreSQL process does in its own."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.cluster.resolve()
        except OSError:
            return False

    def log_size(self) -> int:
        """Return how long the log is now."""
        with suppress(OSError):
            return self.log.stat().st_size
        return 0

    def log_tail(self, start: int) -> str:
        """Return the last lines of the log that are younger than byte `start`."""
        try:
            with self.log.open("rb") as file:
                # It may have begun anew meanwhile.
                file.seek(start if start <= self.log_size() else 0)
                lines = file.read().decode(errors="replace").splitlines()
        except OSError as error:
            return f"({self.log} cannot be read: {error.strerror})"
        return "\n".join(lines[-8:])


def _parent_of(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name in parentheses may hold anything; after it come the state and the parent.
    return int(status.rpartition(")")[2].split()[1])
