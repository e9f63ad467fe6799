"""The folder in which the server's socket lies: one that nobody else can make, and all who look for it see.

It lies in the data directory: whoever may use that sees it, in another mount namespace too, where a service
has a /tmp of its own. Where no socket can be there (its path may have 107 bytes, and not every file system
takes one), it lies where root alone may make folders, or in /tmp under a name that is still free.
"""

import hashlib
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from eventlog.embedded.account import Account
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError

LONGEST_NAME = ".s.PGSQL.65535"
# PostgreSQL and libpq take these for the end of one folder's name.
DIVIDING = frozenset(',"\n')
NAMES_TRIED = 10


def make_socket_dir(directory: DataDirectory, account: Account) -> Path:
    """Make the folder anew, for the account alone. The lock must be held."""
    for path in _places(directory, account):
        if _is_made(path, account):
            if _takes_socket(path):
                return path
            remove_socket_dir(path)
    raise EmbeddedServerError(
        f"no folder for the socket of {directory.path} can be made in it, in /run or in /tmp: "
        "make room there, or set EVENTLOG_DATA_DIR to a folder with a shorter name"
    )


def _places(directory: DataDirectory, account: Account) -> Iterator[Path]:
    yield directory.path / "socket"
    name = hashlib.sha256(str(directory.path.resolve()).encode()).hexdigest()[:12]
    if os.geteuid() == 0:
        yield Path(f"/run/eventlog-{name}")
    # Anybody may make folders in /tmp, this one too.
    for number in range(NAMES_TRIED):
        yield Path(f"/tmp/eventlog-{account.uid}-{name}{f'-{number}' if number else ''}")  # noqa: S108  made with mkdir, and its owner and mode checked


def _is_made(path: Path, account: Account) -> bool:
    """Make a folder, in the place of what we left there; False where it is somebody else's to make."""
    try:
        left = path.lstat()
    except FileNotFoundError:
        pass
    except OSError:
        return False
    else:
        if not stat.S_ISDIR(left.st_mode) or left.st_uid not in (os.geteuid(), account.uid):
            return False
        shutil.rmtree(path, ignore_errors=True)
    try:
        path.mkdir(mode=0o700)
        if not account.is_current:
            os.lchown(path, account.uid, account.gid)
    except OSError:
        return False
    return True


def _takes_socket(path: Path) -> bool:
    """Say whether a socket can be there and be reached: by trying."""
    if DIVIDING & set(str(path)):
        return False
    trial = path / LONGEST_NAME
    with suppress(OSError), socket.socket(socket.AF_UNIX) as tried:
        tried.bind(str(trial))
        trial.unlink()
        return True
    return False


def remove_socket_dir(path: Path) -> None:
    """Remove the folder after a clean stop."""
    with suppress(OSError):
        path.rmdir()
