"""A client that sends bytes as they are, and a service that is full."""

import json
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow

from tests.support.api import running_api
from tests.support.events import event
from tests.support.waiting import until

# Sessions of this database that wait for a lock. pg_stat_activity would stay the same in a transaction.
WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks
    WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks
        WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class Client:
    """Sends bytes as they are, and reads answers one by one."""

    def __init__(self, url: str, trusted: ssl.SSLContext | None = None) -> None:
        address = urlsplit(url)
        self.link = socket.create_connection((str(address.hostname), address.port), timeout=10)
        if trusted is not None:
            self.link = trusted.wrap_socket(self.link, server_hostname=address.hostname)
        self._file = self.link.makefile("rb")

    def send(self, *requests: bytes) -> None:
        self.link.sendall(b"".join(requests))

    def close(self) -> None:
        # The file holds the socket open.
        self._file.close()
        self.link.close()

    def trickle(self, content: bytes) -> None:
        for byte in content:
            self.link.sendall(bytes([byte]))
            time.sleep(0.1)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        status = int(self._file.readline().split()[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        return status, headers, json.loads(self._file.read(int(headers["content-length"])))

    def ended(self) -> bool:
        return self._file.read(1) == b""

    def ends_within(self, seconds: float) -> bool:
        """Read whatever comes for so long; say whether the service closed the connection."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.link], [], [], left)[0] and not self.link.recv(1 << 16):
                return True
        return False


def client_of(url: str, trusted: ssl.SSLContext | None = None) -> closing[Client]:
    return closing(Client(url, trusted))


def request(*events: dict[str, Any], headers: str = "", body: bytes | None = None) -> bytes:
    content = json.dumps(events if len(events) > 1 else events[0]).encode() if body is None else body
    head = (
        "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def one_topic(event_id: str) -> dict[str, Any]:
    return event(topic="direct.order", event_id=event_id)


def logged(connection: psycopg.Connection[TupleRow]) -> list[str]:
    return [
        str(row[0]) for row in connection.execute("SELECT event_id FROM inbox ORDER BY position").fetchall()
    ]


def queue_size(url: str) -> int:
    with client_of(url) as client:
        client.send(b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return int(client.answer()[2]["queue_size"])


@contextmanager
def full(database: str, connection: psycopg.Connection[TupleRow], **settings: Any) -> Iterator[str]:
    """Serve with a queue that stays full to the end."""
    with running_api(database, workers=0, queue_events_max=1, **settings) as url, ExitStack() as opened:
        flushed, queued = (opened.enter_context(client_of(url)) for _ in range(2))
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            flushed.send(request(one_topic("flushed")))
            # As long as the writer has not taken it, there is no room for the other.
            until(lambda: connection.execute(WAITING).fetchone() == (1,))
            queued.send(request(one_topic("queued")))
            until(lambda: queue_size(url) == 2)
            yield url
        assert [client.answer()[0] for client in (flushed, queued)] == [202, 202]
