"""End a statement from outside, should its own time limit not.

At its time limit PostgreSQL cancels the statement itself. Not every code path looks for that, so a
second later it is cancelled by another connection, then its session is terminated by the owner's, and then
nobody waits for its answer any more: our end of its connection is closed, whatever it does.

Some functions of PostgreSQL over long texts and arrays look for nothing of it. Such a statement runs on,
alone: see `sessions.py` for what is done about it.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import psycopg

from eventlog.audit.resource_limits import restrain
from eventlog.sessions.database import Connection
from eventlog.sessions.session_check import Session
from eventlog.statements import statement

CANCEL_AFTER_SECONDS = 1.0
TERMINATE_AFTER_SECONDS = 2.0
GIVE_UP_AFTER_SECONDS = 4.0
# How often the watchdog looks whether the asker is still there.
LOOK_SECONDS = 0.25


class Watchdog:
    """Watches one session while it is in the `with` block.

    `barked`: its time was up, and whatever error came of the session is due to that. `gave_up`: it runs on.
    """

    def __init__(
        self,
        session: Session,
        owner: Connection,
        seconds: float,
        has_left: Callable[[], bool] = lambda: False,
    ) -> None:
        """`has_left`: whether nobody waits for the answer any more, which ends the statement at once."""
        self._session = session
        self._owner = owner
        self._deadline = time.monotonic() + seconds
        self._has_left = has_left
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="eventlog-audit-watchdog", daemon=True)
        self.barked = False
        self.gave_up = False
        self.asker_left = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        if self._over_in(CANCEL_AFTER_SECONDS):
            return
        self.barked = True
        with suppress(psycopg.Error):
            self._session.cancel_safe(timeout=TERMINATE_AFTER_SECONDS - CANCEL_AFTER_SECONDS)
        if self._over_in(TERMINATE_AFTER_SECONDS):
            return
        with suppress(psycopg.Error):
            session = {"pid": self._session.backend_pid, "user": self._session.info.user}
            self._owner.execute(statement("audit/terminate"), session)
        if self._over_in(GIVE_UP_AFTER_SECONDS):
            return
        self.gave_up = True
        restrain(self._session)
        # Whoever waits for the answer sees the connection end.
        with socket.socket(fileno=os.dup(self._session.pgconn.socket)) as ours, suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)

    def _over_in(self, seconds: float) -> bool:
        while (left := self._deadline + seconds - time.monotonic()) > 0:
            if self._done.wait(min(left, LOOK_SECONDS)):
                return True
            if not self.asker_left and self._has_left():
                self.asker_left = True
                self._deadline = min(self._deadline, time.monotonic() - CANCEL_AFTER_SECONDS)
        return self._done.is_set()
