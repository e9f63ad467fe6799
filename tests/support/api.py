"""A real API on a real port, in this process, over a test's own database."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from api.http.server import configuration, listen_for
from eventlog.settings import Settings
from projections.pool import WorkerPool
from tests.support.waiting import until

TICK_SECONDS = 0.01


class Server(uvicorn.Server):
    """Sees sooner that it is to stop: uvicorn looks ten times a second, for which every test would wait."""

    async def main_loop(self) -> None:
        """Serve until it is to stop."""
        while not await self.on_tick(0):
            await asyncio.sleep(TICK_SECONDS)


@contextmanager
def running_api(
    dsn: str, *, workers: int = 1, keep_alive_seconds: int = 5, port: int = 0, **settings: object
) -> Iterator[str]:
    """Serve, with workers, and yield the base URL; stop cleanly at the end."""
    settings = {"shutdown_timeout_seconds": 5, **settings}
    wanted = Settings(dsn=dsn, port=port, **settings)  # type: ignore[arg-type]
    bound, listeners = listen_for(wanted.model_copy(update={"host": "127.0.0.1"}))
    chosen = bound.model_copy(update={"host": wanted.host})
    server = Server(configuration(chosen, create_app(chosen, dsn), keep_alive_seconds))
    pool = WorkerPool(dsn, count=workers, batch_size=chosen.batch_size)
    pool.start()
    serving = threading.Thread(target=server.run, kwargs={"sockets": listeners})
    serving.start()
    try:
        until(lambda: server.started or not serving.is_alive(), message="the API does not start")
        assert server.started, "the API did not start"
        yield f"{'http' if chosen.tls_cert is None else 'https'}://127.0.0.1:{chosen.port}"
    finally:
        server.should_exit = True
        pool.stop()  # beside the API, which takes its time as well
        serving.join()
        for listener in listeners:
            listener.close()
