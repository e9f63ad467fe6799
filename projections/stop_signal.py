"""A request to stop, which is heard at once by a thread that waits for the server.

A thread that waits in a socket's read cannot wait for a threading.Event as well; so it looks at both a
socket of its own and the session's.
"""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from eventlog.sessions.database import Connection


class StopSignal:
    """An event that also ends a wait for what the server says."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._bell: socket.socket | None = None

    def set(self) -> None:
        """Ask to stop. Callable from any thread, at any time."""
        self._asked.set()
        bell = self._bell
        if bell is not None:
            with suppress(OSError):  # the listener has just ended
                bell.send(b"!")

    def is_set(self) -> bool:
        """Say whether somebody asked."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> None:
        """Wait until somebody asks, or time is up."""
        self._asked.wait(seconds)

    @contextmanager
    def listening(self) -> Iterator["Listener"]:
        """Open what can be waited on, for one thread."""
        heard, bell = socket.socketpair()
        with heard, bell:
            self._bell = bell
            try:
                yield Listener(self, heard)
            finally:
                self._bell = None


class Listener:
    """One thread's end of a signal."""

    def __init__(self, signal: StopSignal, heard: socket.socket) -> None:
        self._signal = signal
        self._heard = heard

    def wait_with(self, connection: Connection, seconds: float) -> None:
        """Wait until the server says something, somebody asks us to stop, or time is up."""
        with selectors.DefaultSelector() as both:
            both.register(self._heard, selectors.EVENT_READ)
            both.register(connection, selectors.EVENT_READ)
            # After it listens: who asked before the bell was there rang none.
            if not self._signal.is_set():
                both.select(seconds)
