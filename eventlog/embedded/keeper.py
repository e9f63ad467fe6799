"""Keep a server running that this process has started: again after a crash, and on the programs there are.

An upgrade replaces PostgreSQL's programs under the server that runs. It goes on, and so do its sessions; but
each new session loads files that are gone by then, or are of another build, and fails. Nothing but a start
with the new programs mends that.
"""

import threading
import time
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.server import EmbeddedServer
from eventlog.embedded.silence import Say
from eventlog.errors import SettingsError
from eventlog.statements import statement

LOOK_SECONDS = 0.5
# A session of its own each time, which is a process of PostgreSQL for some milliseconds.
PROBE_SECONDS = 5.0
TRY_AGAIN_SECONDS = 5.0
SAY_AGAIN_SECONDS = 300.0
# SQLSTATEs that say nothing about the server's files: no resources, or somebody ended the session.
NO_FAULT_OF_FILES = ("53", "57")


class Keeper:
    """Looks after a server, in a thread of its own, while it is entered."""

    def __init__(self, server: EmbeddedServer, say: Say) -> None:
        self._server = server
        self._say = say
        self._stopping = threading.Event()
        self._probe_at = time.monotonic() + PROBE_SECONDS
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="eventlog-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        # A server that hangs must not hang its own end.
        self._thread.join(2 * PROBE_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception as error:  # without this thread, nobody would start the server again
                self._tell(f"looking after PostgreSQL failed: {type(error).__name__}: {error}")

    def _look(self) -> None:
        if self._server.has_crashed:
            self._say("PostgreSQL has ended unexpectedly: starting it again")
            self._start()
        elif self._server.is_ours and time.monotonic() > self._probe_at:
            self._probe()
            self._probe_at = time.monotonic() + PROBE_SECONDS

    def _probe(self) -> None:
        """Start the server anew if new sessions fail and its programs are others by now."""
        fault = self._fault_of_new_sessions()
        if fault is None:
            self._told = ""
            return
        try:
            changed = self._server.programs_changed()
        except (EmbeddedServerError, SettingsError) as error:
            self._tell(f"new sessions of PostgreSQL fail ({fault}), its programs were removed: {error}")
            return
        if changed:
            self._say(f"new sessions of PostgreSQL fail ({fault}), its programs were replaced: restarting it")
            self._server.stop()
            self._start()
        else:
            self._tell(f"new sessions of PostgreSQL fail: {fault}")

    def _tell(self, text: str) -> None:
        """Log a finding once, and not again at every look."""
        if text != self._told:
            self._say(text)
        self._told = text

    def _fault_of_new_sessions(self) -> str | None:
        dsn = make_conninfo(
            self._server.superuser_dsn,
            application_name="eventlog keeper",
            connect_timeout=5,
            options="-c statement_timeout=5s",
        )
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(statement("embedded/probe"))
        except psycopg.Error as error:
            if error.sqlstate is not None and not error.sqlstate.startswith(NO_FAULT_OF_FILES):
                return error.diag.message_primary or error.sqlstate
        return None

    def _start(self) -> None:
        """Start the server, and try for as long as that fails: the disk may be full for days."""
        said_at = -SAY_AGAIN_SECONDS
        while not self._stopping.is_set():
            try:
                self._server.start(self._say)
            except (EmbeddedServerError, SettingsError, OSError) as error:
                if time.monotonic() - said_at >= SAY_AGAIN_SECONDS:
                    said_at = time.monotonic()
                    self._say(f"{error}; trying again every {TRY_AGAIN_SECONDS:g} s")
                self._stopping.wait(TRY_AGAIN_SECONDS)
            else:
                self._say("PostgreSQL runs again")
                return
