"""Owner and mode of the cluster: PostgreSQL starts on nothing that others own or may write.

Copies lose that (`cp -r` as root), and so do volumes whose files are given to a group (fsGroup, Kubernetes).
What is ours to mend is mended; for all else there is the command.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from eventlog.embedded.account import Account
from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.errors import EmbeddedServerError

# What PostgreSQL demands of the folder: nothing for others, and no writing for the group.
FORBIDDEN = stat.S_IWGRP | stat.S_IRWXO


def mend(directory: DataDirectory, account: Account) -> list[str]:
    """Give the cluster the owner and the mode that it must have; return what was done, a line each.

    The lock must be held. Raises EmbeddedServerError with the command, where it is not ours to mend.
    """
    try:
        return _mended(directory, account)
    except OSError as error:
        raise EmbeddedServerError(
            f"{directory.cluster} cannot be looked at, or given to {account.name} and closed to others "
            f"({error.strerror}): {_chown(directory, account)}, and {_chmod(directory)}"
        ) from error


def _mended(directory: DataDirectory, account: Account) -> list[str]:
    cluster = directory.cluster
    done = []
    if strangers := _strangers(cluster, account):
        if os.geteuid() != 0 or not _is_plainly_ours(cluster, account):
            raise EmbeddedServerError(f"{_owned(strangers, account)}: {_chown(directory, account)}")
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        done.append(f"{_owned(strangers, account)}: given to it")
    mode = stat.S_IMODE(cluster.stat().st_mode)
    if mode & FORBIDDEN:
        cluster.chmod(0o700)
        done.append(f"{cluster} had mode {mode:04o}, which PostgreSQL refuses: closed to all others")
    return done


def fault(directory: DataDirectory, account: Account) -> tuple[str, str] | None:
    """Return what is wrong with a cluster, and the command that mends it."""
    if strangers := _strangers(directory.cluster, account):
        return _owned(strangers, account), _chown(directory, account)
    mode = stat.S_IMODE(directory.cluster.stat().st_mode)
    if mode & FORBIDDEN:
        return (
            f"{directory.cluster} has mode {mode:04o}, which PostgreSQL refuses",
            _chmod(directory),
        )
    return None


def _strangers(cluster: Path, account: Account) -> list[Path]:
    """Return what belongs to others, among what every copy has: to look at all of it takes long.

    A link may be anybody's, such as that of a WAL on a volume of its own: what it leads to counts.
    """
    return [path for path in _first(cluster) if path.stat().st_uid != account.uid]


def _first(cluster: Path) -> Iterator[Path]:
    yield cluster
    yield from cluster.iterdir()
    for folder in ("base", "global"):
        if (cluster / folder).is_dir():
            yield from (cluster / folder).iterdir()


def _is_plainly_ours(cluster: Path, account: Account) -> bool:
    """Say whether a whole cluster lies there, of which root has taken some or all, and nothing leads out."""
    if not ((cluster / "PG_VERSION").is_file() and (cluster / "global" / "pg_control").is_file()):
        return False
    return not any(
        path.is_symlink() or path.lstat().st_uid not in (0, account.uid) for path in cluster.rglob("*")
    )


def _owned(strangers: list[Path], account: Account) -> str:
    others = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
    return f"{strangers[0]}{others} belong not to {account.name}, as whom PostgreSQL runs"


def _chown(directory: DataDirectory, account: Account) -> str:
    return f"as root, chown -R {account.name} {quote(str(directory.cluster))}"


def _chmod(directory: DataDirectory) -> str:
    return f"chmod 700 {quote(str(directory.cluster))}"
