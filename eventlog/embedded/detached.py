"""Stop a server that this process did not start."""

import math
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from eventlog.embedded.directory import DataDirectory, Postmaster
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.shutdown_watch import ShutdownWatch, ended_at_once
from eventlog.embedded.silence import Say
from eventlog.embedded.sockets import remove_socket_dir

POLL_SECONDS = 0.02
# PostgreSQL gives its processes 5 s to end at once, then kills them.
AT_ONCE_SECONDS_MAX = 30.0


def stop_running(data_dir: Path, *, force: bool = False, say: Say = lambda text: None) -> bool:
    """Stop whichever server runs on data_dir, cleanly; return whether there was one.

    Where that takes too long, it ends at once, and `say` tells.

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
    found = _interrupt(directory)
    _await_end(directory, found, owner, say)
    remove_socket_dir(found.socket_dir)
    return True


def _await_end(directory: DataDirectory, server: Postmaster, owner: int | None, say: Say) -> None:
    watch = ShutdownWatch(server.pid)
    until = math.inf
    while not _is_free(directory, but_for=owner):
        if not watch.reason and watch.is_over():
            say(ended_at_once(watch.reason))
            until = time.monotonic() + AT_ONCE_SECONDS_MAX
            with suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGQUIT)
        if time.monotonic() > until:
            raise EmbeddedServerError(f"PostgreSQL does not end: see {directory.log}")
        time.sleep(POLL_SECONDS)


def _interrupt(directory: DataDirectory) -> Postmaster:
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
    return found


def _is_free(directory: DataDirectory, but_for: int | None = None) -> bool:
    """Say whether no server holds the directory; its former owner may go on living, lock in hand."""
    if but_for is not None:
        return directory.postmaster() is None
    lock = directory.try_lock()
    if lock is None:
        return False
    os.close(lock)
    return True
