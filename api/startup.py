"""The service before its database is there: it listens, says so, and goes on by itself once it is.

Whoever starts everything at the same time starts it in some order. A service that ends because its database
is a little later is started again some times and then no more; so it waits, for as long as it takes, with
`/livez` answered 200 and all else 503.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import structlog

from api.wiring import Services
from eventlog.errors import DatabaseUnavailable, EventlogError, SchemaMismatch
from eventlog.sessions.backoff import comes_by_itself, pause_seconds

log = structlog.get_logger()


class StartupGate:
    """Refuses everybody, with the reason, while there are no services."""

    def __init__(self) -> None:
        self.trouble: EventlogError | None = None

    def check(self) -> None:
        """Raise what keeps the service from working yet."""
        if self.trouble is not None:
            raise self.trouble.with_traceback(None)


@asynccontextmanager
async def started(
    running: Callable[[], AbstractAsyncContextManager[Services]],
    entrance: StartupGate,
    begin: Callable[[Services], None],
) -> AsyncIterator[None]:
    """Have the services run, from now on or from when their database is there.

    Raises what is no fault of a database that is away.
    """
    tried, stopping = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(_serve(running, entrance, begin, tried, stopping))
    trying = asyncio.create_task(tried.wait())
    await asyncio.wait((serving, trying), return_when=asyncio.FIRST_COMPLETED)
    trying.cancel()
    if serving.done():
        serving.result()
    try:
        yield
    finally:
        stopping.set()
        await serving


async def _serve(
    running: Callable[[], AbstractAsyncContextManager[Services]],
    entrance: StartupGate,
    begin: Callable[[Services], None],
    tried: asyncio.Event,
    stopping: asyncio.Event,
) -> None:
    failures, told = 0, ""
    while not stopping.is_set():
        try:
            async with running() as services:
                begin(services)
                entrance.trouble = None
                tried.set()
                await stopping.wait()
                return
        except (DatabaseUnavailable, SchemaMismatch) as error:
            entrance.trouble = error
            if told != str(error):
                told = str(error)
                log.warning("waiting_for_the_database", reason=told)
        tried.set()
        failures += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_seconds(failures))


class Preparation:
    """What one process does once before the service works: now, or in a thread when the database comes."""

    def __init__(self, prepare: Callable[[], None], say: Callable[[str], None]) -> None:
        self._prepare = prepare
        self._say = say
        self._told = ""
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="eventlog-preparation", daemon=True)

    def begin(self) -> None:
        """Prepare, or leave it to the thread where the database is away. Raises all other errors."""
        if not self._done():
            self._thread.start()

    def end(self) -> None:
        """Give up waiting. Raises what the thread has met, for which it had this process end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        failures = 1
        while not self._stopping.wait(pause_seconds(failures)):
            failures += 1
            try:
                if self._done():
                    self._say("the database is there")
                    return
            except BaseException as error:
                self._error = error
                self._end_the_service()
                return

    def _end_the_service(self) -> None:
        """Stop cleanly; again until it is heard, since the service may be on its way to listen for it."""
        while not self._stopping.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            self._stopping.wait(1.0)

    def _done(self) -> bool:
        """Try; False, and said once, where waiting helps."""
        try:
            self._prepare()
        except DatabaseUnavailable as error:
            if not comes_by_itself(error):
                raise
            if self._told != str(error):
                self._told = str(error)
                self._say(f"waiting for the database: {error}")
            return False
        return True
