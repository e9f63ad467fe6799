"""GET /livez and /metrics of a process with workers: whether each still turns, and what it has done.

A worker that hangs keeps its session, and its process its life; nobody else can tell. So health checks ask
here. /livez is 200 while every worker's loop has turned a moment ago: it turns at each step, each look for
work and each try to connect, so a database that is away hangs nobody. Answers come from threads of their own,
a few at once and each with little time, and from what is in memory: there is nothing to wait for.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from eventlog.errors import SettingsError
from eventlog.settings import Settings
from projections.step_metrics import StepMetrics
from projections.worker import Worker

log = structlog.get_logger()

# A session that says nothing is given up after 120 s (eventlog/sessions/session_check.py): it turns then.
HANGS_SECONDS = 150.0
ANSWERS_AT_ONCE_MAX = 8
ANSWER_SECONDS_MAX = 5.0


class _OfWorkers(Collector):
    """The workers as they are now."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        """Yield what is known of them."""
        yield GaugeMetricFamily(
            "eventlog_worker_hangs_seconds",
            "Since when the loop of the worker has not turned that has not for longest.",
            longest_still(self._workers),
        )
        yield GaugeMetricFamily(
            "eventlog_workers_connected",
            "Workers of this process that have their session.",
            sum(worker.connected for worker in self._workers),
        )


def longest_still(workers: Sequence[Worker]) -> float:
    """Return for how long the loop has not turned of the worker whose has not for longest, in seconds."""
    now = time.monotonic()
    turned = [worker.turned_at for worker in workers if worker.turned_at is not None]
    return max((now - moment for moment in turned), default=0.0)


@contextmanager
def worker_port(settings: Settings, workers: Sequence[Worker], metrics: StepMetrics) -> Iterator[int | None]:
    """Answer until the end, where there are workers and a port for them; yield the port.

    Raises SettingsError where it cannot be bound.
    """
    host, port = settings.worker_host, settings.worker_port
    if port is None or not workers:
        yield None
        return
    metrics.registry.register(_OfWorkers(workers))
    answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
        "/livez": lambda: _alive(workers),
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(metrics.registry)),
    }
    server = _listening(host, port, answers)
    thread = threading.Thread(target=server.serve_forever, name="eventlog-worker-port", daemon=True)
    thread.start()
    try:
        log.info("worker_port", host=host, port=server.server_address[1])
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _alive(workers: Sequence[Worker]) -> tuple[int, str, bytes]:
    still = longest_still(workers)
    hangs = still > HANGS_SECONDS
    said = f'{{"status":"{"hangs" if hangs else "ok"}","still_seconds":{still:.1f}}}'
    return 503 if hangs else 200, "application/json", said.encode()


def _listening(
    host: str, port: int, answers: dict[str, Callable[[], tuple[int, str, bytes]]]
) -> "_BoundedServer":
    class Handler(BaseHTTPRequestHandler):
        timeout = ANSWER_SECONDS_MAX
        server_version, sys_version = "eventlog", ""

        def do_GET(self) -> None:
            """Answer."""
            found = answers.get(self.path.partition("?")[0])
            status, kind, body = (404, "text/plain", b"/livez and /metrics\n") if found is None else found()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  as http.server calls it

        def log_message(self, format: str, *arguments: object) -> None:
            """Log nothing: whoever asks is a probe."""

    try:
        return _BoundedServer((host, port), Handler)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; set EVENTLOG_WORKER_PORT to a free port: "
            "each process with workers has one of its own"
        ) from None


class _BoundedServer(HTTPServer):
    """Answers a few at once; a client who comes while all are busy is cut off."""

    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._free = threading.BoundedSemaphore(ANSWERS_AT_ONCE_MAX)
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind, and ask no resolver what the address is called, as http.server would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Have a thread answer, and cut it off in time: a client may send a byte now and then."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        threading.Thread(target=self._answer, args=(request, client_address), daemon=True).start()

    def _answer(self, request: socket.socket, client_address: object) -> None:
        cut = threading.Timer(ANSWER_SECONDS_MAX, _cut, (request,))
        cut.daemon = True
        cut.start()
        try:
            with suppress(OSError):  # the client has gone, or was cut off
                self.finish_request(request, client_address)
        finally:
            cut.cancel()
            self.shutdown_request(request)
            self._free.release()


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
