"""Stop a server that this process did not start."""

import os
import signal
import time
from pathlib import Path

from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.sockets import remove_socket_dir
from eventlog.errors import EmbeddedServerError

POLL_SECONDS = 0.02
SHUTDOWN_SECONDS_MAX = 120.0


def stop_running(data_dir: Path, *, force: bool = False) -> bool:
    """Stop whichever server runs on data_dir, cleanly; say whether there was one.

    Raises EmbeddedServerError when a living process owns it and force is not given, when it is not
    ours to stop, or when it does not stop.
    """
    directory = DataDirectory(data_dir)
    if not directory.lock.exists() or _is_free(directory):
        return False
    owner = directory.owner_pid()
    if owner is not None and not force:
        raise EmbeddedServerError(
            f"the database belongs to process {owner} (`eventlog up` or its like): end that process, "
            "which stops the database too, or repeat this with --force"
        )
    socket_dir = _interrupt(directory)
    deadline = time.monotonic() + SHUTDOWN_SECONDS_MAX
    while not _is_free(directory, but_for=owner):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"PostgreSQL is still shutting down: see {directory.log}")
        time.sleep(POLL_SECONDS)
    remove_socket_dir(socket_dir)
    return True


def _interrupt(directory: DataDirectory) -> Path:
    found = directory.postmaster()
    if found is None or not directory.is_postmaster(found.pid):
        raise EmbeddedServerError(
            f"{directory.path} is in use, but no server runs there yet: another process is starting it; "
            "try again in a moment"
        )
    try:
        os.kill(found.pid, signal.SIGINT)  # a fast shutdown
    except PermissionError as error:
        raise EmbeddedServerError(
            f"PostgreSQL process {found.pid} belongs to another user: run this as that user or as root"
        ) from error
    return found.socket_dir


def _is_free(directory: DataDirectory, but_for: int | None = None) -> bool:
    """Say whether no server holds the directory; its former owner may go on living, lock in hand."""
    if but_for is not None:
        return directory.postmaster() is None
    lock = directory.try_lock()
    if lock is None:
        return False
    os.close(lock)
    return True
