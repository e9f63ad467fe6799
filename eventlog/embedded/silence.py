"""A server that does not answer: for how long it may, and what is seen of it; never a reason to end it."""

import threading
import time
from collections.abc import Callable

from psycopg import pq
from psycopg.conninfo import make_conninfo

from eventlog.embedded.directory import OWNER, SUPERUSER, DataDirectory, Postmaster

POLL_SECONDS = 0.02
# A recovery takes long, and each question costs it a process and two lines of its log.
POLL_PART_OF_WAIT = 1 / 50
SAY_SECONDS = 2.0  # people wonder after this long, and are told why it takes time
PING_SECONDS_MAX = 2  # the shortest timeout that libpq allows
SILENCE_SECONDS_MAX = 60.0  # a server that runs or is locked, and neither accepts nor rejects, is broken

Say = Callable[[str], None]


class Silence:
    """How long a server has given no sign of life, while we poll and say so now and then."""

    def __init__(self, say: Say, message: str) -> None:
        self._say = say
        self._message = message
        self._began = self._sign_of_life = self._said = time.monotonic()

    def broken(self) -> None:
        """Note a sign of life."""
        self._sign_of_life = time.monotonic()

    def lasts_too_long(self, interrupted: threading.Event | None = None) -> bool:
        """Wait for the next poll; say whether to give up."""
        waited = time.monotonic() - self._began
        (interrupted or threading.Event()).wait(max(POLL_SECONDS, waited * POLL_PART_OF_WAIT))
        now = time.monotonic()
        if now - self._said > SAY_SECONDS:
            self._said = now
            self._say(f"{self._message} ({now - self._began:.0f} s)")
        return now - self._sign_of_life > SILENCE_SECONDS_MAX


def ping(server: Postmaster) -> pq.Ping:
    """Ask a server whether it takes connections."""
    # A server that is stopped or hung takes the connection and never says a word.
    address = make_conninfo(
        host=str(server.socket_dir),
        port=server.port,
        user=SUPERUSER,
        dbname=OWNER,
        connect_timeout=PING_SECONDS_MAX,
    )
    return pq.Ping(pq.PGconn.ping(address.encode()))


def is_hidden(directory: DataDirectory) -> bool:
    """Say whether a server runs there whose socket cannot be seen from here."""
    found = directory.postmaster()
    if found is None or not found.socket_dir.is_absolute():  # it is just starting
        return False
    return directory.is_postmaster(found.pid) and not (found.socket_dir / f".s.PGSQL.{found.port}").exists()


def why_silent(directory: DataDirectory) -> str:
    """Say why nothing answers on a directory that somebody has locked, and what to do."""
    found = directory.postmaster()
    if is_hidden(directory) and found is not None:
        return (
            f"PostgreSQL runs on {directory.path} as process {found.pid}, and its socket in "
            f"{found.socket_dir} cannot be seen from here: its service has a /tmp of its own (PrivateTmp). "
            f"Run this within it (nsenter --mount --target {found.pid}), or give the service a data "
            "directory with a shorter name, where the socket can lie"
        )
    if found is not None and directory.is_postmaster(found.pid):
        return (
            f"PostgreSQL runs on {directory.path} as process {found.pid} and does not answer: it is stopped, "
            f"or has too much to do; see {directory.log}"
        )
    owner = directory.owner_pid()
    by = f"process {owner}, which is starting or ending its server" if owner else "another process"
    return f"{directory.path} is in use by {by}: wait for it, and see {directory.log}"
