"""Limit how long somebody's own Python may take: a thread that never comes back would be a worker less."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from eventlog.errors import EventlogError


class TookTooLong(EventlogError):
    """What is raised in the code that does not come back."""

    def __init__(self) -> None:
        super().__init__("apply() of a projection takes longer than it may")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in this thread when its time is up, wherever its Python is by then.

    A call that waits outside of Python (a socket, sleep) is not interrupted, only what follows it.
    """
    thread = threading.get_ident()
    deciding = threading.Lock()
    ended = False

    def interrupt() -> None:
        with deciding:
            if not ended:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(TookTooLong)
                )

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with deciding:
            ended = True
        timer.cancel()
