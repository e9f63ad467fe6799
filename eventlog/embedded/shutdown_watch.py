"""How long a server that shuts down may take.

A fast shutdown ends every session, then writes a last checkpoint, which takes as long as it takes. A session
that does not end is in a function that looks for no interrupt, or was stopped: for that alone nobody waits
long. An immediate shutdown loses nothing that was committed; the next start recovers.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from eventlog.embedded.directory import DataDirectory
from eventlog.embedded.silence import Say

# Seconds for a session, which ends within milliseconds of being told to; and for the whole shutdown.
SESSION_SECONDS_MAX = 10.0
SHUTDOWN_SECONDS_MAX = 120.0

# First words after "postgres:" in the titles of PostgreSQL's processes that are no sessions.
NO_SESSIONS = frozenset(
    {
        *("archiver", "autovacuum", "background", "bgworker:", "checkpointer", "io", "logger", "logical"),
        *("parallel", "slotsync", "startup", "walreceiver", "walsender", "walsummarizer", "walwriter"),
    }
)


class ShutdownWatch:
    """Looks at one server, from when it was told to stop."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster
        self._began = time.monotonic()
        self._seen: dict[int, float] = {}
        self.reason = ""

    def is_over(self) -> bool:
        """Say whether it has taken too long; `reason` says what."""
        if not self.is_stuck() and time.monotonic() - self._began > SHUTDOWN_SECONDS_MAX:
            self.reason = f"it had not shut down in {SHUTDOWN_SECONDS_MAX:g} s"
        return bool(self.reason)

    def is_stuck(self) -> bool:
        """Say whether a session that should have ended is there still."""
        now = time.monotonic()
        self._seen = {pid: self._seen.get(pid, now) for pid in sessions(self._postmaster)}
        stuck = [pid for pid, since in self._seen.items() if now - since > SESSION_SECONDS_MAX]
        if stuck:
            self.reason = f"session {stuck[0]} had not ended in {SESSION_SECONDS_MAX:g} s"
        return bool(stuck)


class Orphan:
    """A server that shuts down, and whose owner is gone: whoever waits for its end sees to it."""

    def __init__(self, directory: DataDirectory, say: Say) -> None:
        self._directory = directory
        self._say = say
        self._looked: dict[int, ShutdownWatch] = {}

    def end_when_stuck(self, postmaster: int) -> None:
        """End it at once if a session of it does not end; a recovery has none, and is waited for."""
        if self._directory.owner_pid() is not None or not self._directory.is_postmaster(postmaster):
            return
        watch = self._looked.setdefault(postmaster, ShutdownWatch(postmaster))
        if not watch.reason and watch.is_stuck():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(postmaster, signal.SIGQUIT)
                self._say(ended_at_once(watch.reason))


def ended_at_once(reason: str) -> str:
    """Return what people are told."""
    return (
        f"PostgreSQL is ended at once, since {reason}: nothing that was acknowledged is lost, the next start "
        "recovers"
    )


def sessions(postmaster: int) -> list[int]:
    """Return the processes of a server that are sessions; none where the kernel does not tell."""
    return [pid for pid in _children(postmaster) if _is_session(pid)]


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def _is_session(pid: int) -> bool:
    with suppress(OSError):
        title = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split()
        return title[:1] == ["postgres:"] and title[1:2] != [] and title[1] not in NO_SESSIONS
    return False
