"""A real API on a real port, in this process, over a test's own database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from api.protocol import protocol_class
from api.server import listen
from eventlog.settings import Settings
from projections.pool import WorkerPool
from tests.support.waiting import until


@contextmanager
def running_api(
    dsn: str, *, workers: int = 1, keep_alive_seconds: int = 5, **settings: object
) -> Iterator[str]:
    """Serve, with workers, and yield the base URL; stop cleanly at the end."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    chosen = Settings(dsn=dsn, port=port, **settings)  # type: ignore[arg-type]
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(chosen, dsn),
            http=protocol_class(chosen.receive_timeout_seconds),
            loop="uvloop",
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=keep_alive_seconds,
            timeout_graceful_shutdown=5,
        )
    )
    pool = WorkerPool(dsn, count=workers, batch_size=chosen.batch_size)
    pool.start()
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    try:
        until(lambda: server.started or not serving.is_alive(), message="the API does not start")
        assert server.started, "the API did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        serving.join()
        pool.stop()
        listener.close()
