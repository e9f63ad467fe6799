"""The user that PostgreSQL runs as, and how a program is started as that user.

PostgreSQL refuses to run as root. Root therefore becomes the owner of the existing data, else
`postgres`, else `nobody`; everybody else stays who they are.
"""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from eventlog.errors import EmbeddedServerError

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Account:
    """A user that may run PostgreSQL."""

    name: str
    uid: int
    gid: int

    @property
    def is_current(self) -> bool:
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
            "run this as that user or as root, or set EVENTLOG_DATA_DIR to a folder of your own"
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
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody here: "
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


def launch(
    program: Sequence[str | Path],
    account: Account,
    *,
    output: int | IO[bytes],
    death_signal: int = 0,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    inherit: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a program as the account, in a session of its own, both outputs into `output`.

    With a death_signal the program gets it when the *thread* that calls this ends; so call it
    from a thread that lives as long as the program should.
    """
    uid, gid = (-1, -1) if account.is_current else (account.uid, account.gid)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCHER, *map(str, (uid, gid, death_signal, os.getpid())), *program],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ours may be closed to that user, and must not be held busy by a server.
        cwd="/",
        env=_environment(),
        # A terminal's Ctrl-C goes to its whole process group: we stop PostgreSQL, not the terminal.
        start_new_session=True,
        pass_fds=inherit,
    )


def _environment() -> dict[str, str]:
    """Return the environment of the programs: nothing of libpq's (PG…) and no secret of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
