"""Open the database that the settings name: somebody's own, or the embedded one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventlog.errors import EmbeddedServerError
from eventlog.settings import Settings

if TYPE_CHECKING:
    from eventlog.embedded import EmbeddedServer

LOOK_SECONDS = 0.5
TRY_AGAIN_SECONDS = 5.0
SAY_AGAIN_SECONDS = 300.0


@contextmanager
def opened_database(settings: Settings, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the owner's DSN. An embedded server that is started here is stopped at the end.

    If it crashes meanwhile, it is started again: no other would do it.

    Raises EmbeddedServerError. Must be entered from the main thread: the server lives as long as
    the thread that started it.
    """
    if settings.dsn is not None:
        yield settings.dsn
        return
    from eventlog.audit.protection import protect
    from eventlog.embedded import EmbeddedServer

    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    server.start(say)
    try:
        protect(server.superuser_dsn)
        with _kept_running(server, say):
            yield server.dsn
    finally:
        server.stop()


@contextmanager
def _kept_running(server: "EmbeddedServer", say: Callable[[str], None]) -> Iterator[None]:
    stopping = threading.Event()
    watch = threading.Thread(target=_watch, args=(server, stopping, say), name="watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        stopping.set()
        watch.join()


def _watch(server: "EmbeddedServer", stopping: threading.Event, say: Callable[[str], None]) -> None:
    while not stopping.wait(LOOK_SECONDS):
        if server.has_crashed:
            say("PostgreSQL has ended unexpectedly: starting it again")
            _start_again(server, stopping, say)


def _start_again(server: "EmbeddedServer", stopping: threading.Event, say: Callable[[str], None]) -> None:
    """Start it, however long that cannot be: the disk may be full for days."""
    said_at = -SAY_AGAIN_SECONDS
    while not stopping.is_set():
        try:
            server.start(say)
        except (EmbeddedServerError, OSError) as error:
            if time.monotonic() - said_at >= SAY_AGAIN_SECONDS:
                said_at = time.monotonic()
                say(f"{error}; trying again every {TRY_AGAIN_SECONDS:g} s")
            stopping.wait(TRY_AGAIN_SECONDS)
        else:
            say("PostgreSQL runs again")
            return
