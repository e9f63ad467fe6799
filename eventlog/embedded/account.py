"""The user that PostgreSQL runs as, and where that user may go.

PostgreSQL refuses to run as root. Root therefore becomes the owner of the existing data, else `eventlog`,
else `postgres`, else `nobody`, which it may share with others; everybody else stays who they are.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from eventlog.embedded.errors import EmbeddedServerError

# An account that an administrator has made for us alone, and those that others may run things as, too.
OWN = "eventlog"
SHARED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user that may run PostgreSQL."""

    name: str
    uid: int
    gid: int

    @property
    def is_shared(self) -> bool:
        """Whether root runs PostgreSQL as a user that other programs may run as, too."""
        return not self.is_current and self.name in SHARED

    @property
    def is_current(self) -> bool:
        """Whether it is the user that this process runs as."""
        return self.uid == os.geteuid()


def account_for(cluster: Path) -> Account:
    """Return the user to run PostgreSQL as, over a cluster that may not exist yet."""
    owner = _owner_of(cluster)
    me = os.geteuid()
    if me == 0:
        return _named(owner) if owner else _unprivileged()
    if owner not in (None, me):
        raise EmbeddedServerError(
            f"the data in {cluster} belongs to user {_name_of(owner)}, not to {_name_of(me)}: "
            "run this as that user or as root, or set EVENTLOG_DATA_DIR to a folder of your own; "
            f"if the data are yours, as root: chown -R {_name_of(me)} {quote(str(cluster.parent))}"
        )
    return Account(_name_of(me), me, os.getegid())


def _owner_of(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None
    except PermissionError:
        return path.parent.stat().st_uid


def _name_of(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:  # a container often runs as a number that has no name
        return str(uid)


def _named(uid: int) -> Account:
    try:
        return Account(_name_of(uid), uid, pwd.getpwuid(uid).pw_gid)
    except KeyError:
        return Account(str(uid), uid, uid)


def _unprivileged() -> Account:
    for name in (OWN, *SHARED):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and there is no user {OWN}, {' or '.join(SHARED)} here: "
        "run this as an ordinary user"
    )


def closed_directory(path: Path, account: Account) -> Path | None:
    """Return the topmost directory on the way to path that the account cannot pass, if there is one."""
    if account.is_current:
        return None
    for directory in reversed(path.resolve().parents):
        if directory.exists() and not _may_pass(directory.stat(), account):
            return directory
    return None


def _may_pass(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
