"""Run the API: uvicorn with our protocol, on one socket, until a signal."""

import gc
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import FrameType

import structlog
import uvicorn

from api.app import create_app
from api.http.connection import HttpConnection
from api.http.connection_limit import ConnectionLimit, backlog, fitting
from api.http.loop_share import LoopShare
from api.http.middleware import Middleware
from api.http.protocol import BoundedProtocol
from api.http.unwanted_body import DiscardPace
from api.wiring import ProcessIdentity
from eventlog.errors import SettingsError
from eventlog.settings import Settings
from eventlog.tls.server_certificate import ServerCertificate

log = structlog.get_logger()

# Longer than most clients keep a connection for reuse, so that it is rarely us who close it under them.
KEEP_ALIVE_SECONDS = 75
# How long a thread waits before it asks for the interpreter, which a busy event loop seldom gives up. By
# default 5 ms, and the writer's thread wants it several times a flush: batches of 100 over 32 connections
# came to 152,900 events/s, and by 0.05 ms to 190,700 (0.2 ms gained nothing).
SWITCH_SECONDS = 0.00005
LAST_PORT = 65_535


class ApiServer(uvicorn.Server):
    """Tells when it listens. Stops at once where a signal was `caught` before it did."""

    def __init__(
        self, config: uvicorn.Config, on_listening: Callable[[], None], caught: Sequence[int]
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._caught = caught

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Hear signals from now on, and those of before."""
        with super().capture_signals():
            self.should_exit = self.should_exit or bool(self._caught)
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        _keep_what_there_is()
        if self.started and not self.should_exit:
            self._on_listening()


def _keep_what_there_is() -> None:
    """Have the collector of garbage look no more at what this process consists of.

    It would stop the event loop for a tenth of a second whenever requests have made many objects.
    """
    gc.collect()
    gc.freeze()


def serve(
    settings: Settings,
    dsn: str,
    listeners: list[socket.socket],
    on_listening: Callable[[], None],
    member: ProcessIdentity | None = None,
    earlier: Sequence[int] = (),
) -> int:
    """Serve until SIGINT or SIGTERM, then answer what is under way and append what was handed over.

    Returns the exit code. `member` says which of several processes this is; `earlier` are the signals that it
    was sent before.
    """
    settings = _fitted(settings)
    app = create_app(settings, dsn, member)
    sys.setswitchinterval(SWITCH_SECONDS)
    with caught_signals(earlier=earlier) as caught:
        server = ApiServer(configuration(settings, app), on_listening, caught)
        server.run(sockets=listeners)
    if not server.started:
        return 4
    return 130 if signal.SIGINT in caught else 0


def configuration(
    settings: Settings, app: Middleware, keep_alive_seconds: int = KEEP_ALIVE_SECONDS
) -> uvicorn.Config:
    """Return how uvicorn is to serve an application of ours."""
    return uvicorn.Config(
        app,
        http=protocol_class(
            settings.receive_timeout_seconds, settings.connections_max, ServerCertificate.of(settings)
        ),
        loop="uvloop",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # It would believe whoever connects from loopback; api/http/request_origin.py says whom we believe.
        proxy_headers=False,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=int(settings.shutdown_timeout_seconds),
        backlog=backlog(settings.connections_max),
    )


def protocol_class(
    receive_timeout_seconds: float, connections_max: int, certificate: ServerCertificate | None = None
) -> type[HttpConnection]:
    """Return the protocol of one process, with its bounds; it speaks TLS where there is a certificate."""

    class Protocol(BoundedProtocol):
        timeout_seconds = receive_timeout_seconds
        server_certificate = certificate
        connection_limit = ConnectionLimit(connections_max)
        pace = DiscardPace()
        share = LoopShare()

    return Protocol


def _fitted(settings: Settings) -> Settings:
    """Return the settings with no more connections and streams than this process can have open."""
    connections = fitting(settings.connections_max)
    streams = min(settings.streams_max, connections * 3 // 4)
    fitted = {"connections_max": connections, "streams_max": streams}
    if fitted != {name: getattr(settings, name) for name in fitted}:
        log.warning(
            "fewer_connections", **fitted, mend="raise the limit of open files, or lower the settings"
        )
    return settings.model_copy(update=fitted)


def announcement(settings: Settings) -> str:
    """Return what tells people where to go."""
    scheme = "http" if settings.tls_cert is None else "https"

    def url(host: str, port: int) -> str:
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    further = (
        ""
        if settings.admin_port is None
        else f"; for operators on {url(settings.admin_host, settings.admin_port)}"
    )
    return f"eventlog listens on {url(settings.host, settings.port)}{further}; Ctrl-C stops it"


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Bind the API's socket; raises SettingsError where it cannot be.

    `shared`: other sockets of ours may be bound to the same port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "set EVENTLOG_HOST and EVENTLOG_PORT (or _ADMIN_HOST, _ADMIN_PORT) to a free address"
        ) from None
    return listener


def listen_for(
    settings: Settings, *, shared: bool = False, number: int | None = None
) -> tuple[Settings, list[socket.socket]]:
    """Bind all that the API listens on; return the settings with the ports that were taken.

    number: of one of several processes, each of which has an operators' port of its own, so that its metrics
    can be told from another's; None binds all of them. Raises SettingsError where something cannot be bound.
    """
    admin_ports = _admin_ports(settings)
    if number is not None:
        admin_ports = admin_ports[number : number + 1]
    wanted = [(settings.host, settings.port), *((settings.admin_host, port) for port in admin_ports)]
    with ExitStack() as on_failure:
        bound = [
            on_failure.enter_context(closing(listen(host, port, shared=shared))) for host, port in wanted
        ]
        on_failure.pop_all()
    ports = [listener.getsockname()[1] for listener in bound]
    taken = dict(zip(("port", "admin_port"), ports, strict=False))
    return settings.model_copy(update=taken), bound


def _admin_ports(settings: Settings) -> list[int]:
    """Return the operators' ports, one for each process. Raises SettingsError where they cannot be."""
    first, count = settings.admin_port, settings.api_processes
    if first is None:
        return []
    if first == 0 and count > 1:
        raise SettingsError("EVENTLOG_ADMIN_PORT: 0 is for one API process; name the first of their ports")
    ports = list(range(first, first + count))
    if (settings.port and settings.port in ports) or ports[-1] > LAST_PORT:
        said = f"{first} to {ports[-1]}, one for each API process," if count > 1 else str(first)
        raise SettingsError(
            f"EVENTLOG_ADMIN_PORT: {said} must be beside EVENTLOG_PORT ({settings.port}), and ports"
        )
    return ports


@contextmanager
def caught_signals(
    on_signal: Callable[[], None] = lambda: None, earlier: Sequence[int] = ()
) -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; uvicorn raises them again after its clean stop.

    `earlier`: those that somebody around us has collected until now.
    """
    caught: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        on_signal()

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    caught[:0] = earlier
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
