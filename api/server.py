"""Run the API: uvicorn with our protocol, on one socket, until a signal."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from api.app import create_app
from api.protocol import protocol_class
from eventlog.errors import SettingsError
from eventlog.settings import Settings

# Longer than most clients keep a connection for reuse, so that it is rarely us who close it under them.
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


def serve(settings: Settings, dsn: str, listener: socket.socket, say: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM, then answer what is under way and append what was handed over.

    Returns the exit code.
    """
    config = uvicorn.Config(
        create_app(settings, dsn),
        http=protocol_class(settings.receive_timeout_seconds),
        loop="uvloop",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.shutdown_timeout_seconds),
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)
    host, port = listener.getsockname()[:2]
    say(f"eventlog listens on http://{f'[{host}]' if ':' in host else host}:{port}; Ctrl-C stops it")
    with caught_signals() as caught:
        server.run(sockets=[listener])
    if not server.started:
        return 4
    return 130 if signal.SIGINT in caught else 0


def listen(host: str, port: int) -> socket.socket:
    """Bind the API's socket; raises SettingsError where it cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "set EVENTLOG_HOST and EVENTLOG_PORT to a free address"
        ) from None
    return listener


@contextmanager
def caught_signals() -> Iterator[list[int]]:
    """Collect the signals that uvicorn raises again after its clean stop, instead of dying of them."""
    caught: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
