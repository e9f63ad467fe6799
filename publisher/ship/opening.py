"""Open what may be shipped: regular files, and links to them only where the user said so."""

import os
import stat

from publisher.errors import ShipError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe: use `… | eventlog ship -`"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def shown(path: str) -> str:
    """Write a path so that it can be printed and encoded, whatever bytes are in it."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def open_regular(path: str, *, links: bool) -> int:
    """Return a descriptor of a regular file; never blocks. Raises ShipError, naming the file.

    A link is followed only with `links`: it may lead to what others may not read, and whoever may write
    the folder can turn it. The check comes before the opening, since opening a device can do something,
    and after it, since the name may be another file's by then.
    """
    try:
        _check(path, os.stat(path) if links else os.lstat(path))
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        descriptor = os.open(path, flags if links else flags | os.O_NOFOLLOW)
    except OSError as error:
        raise ShipError(f"{shown(path)}: {error.strerror}") from None
    try:
        _check(path, os.fstat(descriptor))
    except ShipError:
        os.close(descriptor)
        raise
    return descriptor


def _check(path: str, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISLNK(status.st_mode):
        target = shown(os.readlink(path))
        raise ShipError(f"{shown(path)}: a symbolic link to {target}; --links follows links")
    kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no regular file")
    raise ShipError(f"{shown(path)}: {kind}")
