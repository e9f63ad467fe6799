"""What one connection may do to the process, however its client splits, piles up or holds back its bytes."""

import asyncio
import gc
import select
import socket
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.http.protocol import PIPELINED_MAX, BoundedProtocol
from tests.support.api import running_api
from tests.support.raw_client import Client, client_of, full, logged, one_topic, queue_size, request
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
# With its first body byte; nobody knows the path.
UNKNOWN = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx"
# What Java's HttpClient says on each connection that has not been upgraded yet.
OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


def head_of(content: bytes) -> int:
    return content.index(b"\r\n\r\n") + 4


@pytest.fixture
def brief(database: str) -> Iterator[str]:
    """Serve with short limits: to send, and to be idle."""
    with running_api(database, workers=0, receive_timeout_seconds=0.3, keep_alive_seconds=1) as url:
        yield url


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[BoundedProtocol]:
    """List the service's ends of connections as they are made."""
    made: list[BoundedProtocol] = []
    original = BoundedProtocol.connection_made

    def connection_made(self: BoundedProtocol, transport: asyncio.Transport) -> None:
        made.append(self)
        original(self, transport)

    monkeypatch.setattr(BoundedProtocol, "connection_made", connection_made)
    return made


def push(client: Client, content: bytes, seconds: float) -> None:
    """Send again and again, as fast as the service reads; leave the answers for whoever reads them."""
    end = time.monotonic() + seconds
    client.link.settimeout(0.1)
    while time.monotonic() < end:
        with suppress(TimeoutError):
            client.link.send(content)


def test_requests_that_wait_for_their_turn_are_not_read_without_end(
    api: str, served: list[BoundedProtocol]
) -> None:
    content = request(one_topic("again")) * 500
    waiting = []
    with client_of(api) as client:
        end = time.monotonic() + 2
        client.link.setblocking(False)
        while time.monotonic() < end:
            with suppress(BlockingIOError):
                client.link.send(content)
            with suppress(BlockingIOError):
                assert client.link.recv(1 << 16)
            waiting.append(max((len(protocol.pipeline) for protocol in served), default=0))
    # A few more than may wait, as they come in parts of 1 KiB.
    assert PIPELINED_MAX <= max(waiting) < 100


def test_who_reads_no_refusals_gets_no_more_of_them(
    database: str, connection: Connection, served: list[BoundedProtocol]
) -> None:
    content = request(body=b"{")
    with full(database, connection) as url, client_of(url) as client:
        push(client, content * 2_000, seconds=2)
        held = max(
            protocol.transport.get_write_buffer_size()
            for protocol in served
            if not protocol.transport.is_closing()
        )
        assert held < 1 << 20


def test_all_that_a_pipelining_client_sends_is_answered_in_its_order(api: str) -> None:
    large = {**one_topic("large"), "payload": {"text": "x" * 100_000}}
    content = (
        b"".join(request(one_topic(f"{number}")) + LIVE for number in range(2_000)) + request(large) + LIVE
    )
    with client_of(api) as client:
        sending = threading.Thread(target=client.send, args=[content])
        sending.start()
        assert [client.answer()[0] for _ in range(4_002)] == [202, 200] * 2_001
        sending.join()


def test_a_publish_of_which_the_head_alone_waited_for_its_turn_is_given_up(brief: str) -> None:
    second = request(one_topic("b"))
    with client_of(brief) as client:
        client.send(request(one_topic("a")), second[: head_of(second)])
        assert [client.answer()[0] for _ in range(2)] == [202, 408]
        assert client.ended()


@pytest.mark.parametrize(
    ("content", "status", "more"),
    [
        (LIVE, 200, b""),
        (LIVE, 200, b"\r\n"),
        (UNKNOWN, 404, b"x"),
        (UNKNOWN, 404, b"x" * 99),
    ],
    ids=["idle", "an empty line", "a body that does not end", "a body that ends"],
)
def test_a_client_that_was_answered_is_closed_on(
    brief: str, content: bytes, status: int, more: bytes
) -> None:
    with client_of(brief) as client:
        client.send(content)
        assert client.answer()[0] == status
        client.send(more)
        client.link.settimeout(5)
        assert client.ended()


def test_a_stream_that_follows_a_refused_body_is_not_closed_as_idle(
    database: str, connection: Connection
) -> None:
    content = request(one_topic("refused"))
    with full(database, connection, keep_alive_seconds=1) as url, client_of(url) as client:
        client.send(content[:-1])
        assert client.answer()[0] == 503
        client.send(content[-1:] + b"GET /events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.link.recv(1 << 16).startswith(b"HTTP/1.1 200")
        assert not client.ends_within(2)


def test_who_sends_the_next_head_too_slowly_gets_the_answer_before_it(
    database: str, connection: Connection
) -> None:
    """The service itself may be who does not read on."""
    first = request({**one_topic("a"), "payload": {"text": "x" * 100_000}})
    with running_api(database, workers=0, receive_timeout_seconds=0.3) as url, client_of(url) as client:
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            client.send(first + LIVE[:20])
            until(lambda: queue_size(url) == 1)
            # Longer than a head may take.
            assert not select.select([client.link], [], [], 1)[0]
        assert client.answer()[0] == 202
    assert logged(connection) == ["a"]


def test_a_body_larger_than_the_queue_is_taken_in_pieces_too(database: str) -> None:
    content = request({**one_topic("large"), "payload": {"text": "x" * 100_000}})
    with running_api(database, workers=0, queue_bytes_max=60_000) as url, client_of(url) as client:
        for pieces in ([content], [content[:50_000], content[50_000:]]):
            for piece in pieces:
                client.send(piece)
                time.sleep(0.2)
            assert client.answer()[0] == 202


@pytest.mark.parametrize("split", [False, True], ids=["in one piece", "head and body apart"])
def test_an_offer_of_another_protocol_is_passed_over(api: str, connection: Connection, split: bool) -> None:
    content = request(one_topic("offered"), headers=OFFER)
    at = head_of(content) if split else len(content)
    with client_of(api) as client:
        client.send(content[:at])
        time.sleep(0.2)
        client.send(content[at:] + LIVE)
        assert [client.answer()[0] for _ in range(2)] == [202, 200]
    assert logged(connection) == ["offered"]


def test_no_body_is_run_as_a_request_after_an_offer(api: str, connection: Connection) -> None:
    hidden = request(one_topic("hidden"))
    head = f"POST /nothing HTTP/1.1\r\nHost: localhost\r\n{OFFER}Content-Length: {len(hidden)}\r\n\r\n"
    with client_of(api) as client:
        client.send(head.encode())
        assert client.answer()[0] == 404
        client.send(hidden + LIVE)
        assert "status" in client.answer()[2]
    assert logged(connection) == []


def test_a_tunnel_is_no_request(api: str) -> None:
    with client_of(api) as client:
        client.send(b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.answer()[2]["code"] == "invalid_http"
        assert client.ended()


def test_the_first_publish_of_a_process_needs_its_headers_too(api: str) -> None:
    content = request(one_topic("bare"))
    length = len(content) - head_of(content)
    with client_of(api) as client:
        client.send(
            b"POST /publish HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length, content[head_of(content) :]
        )
        assert client.answer()[0] == 421


def test_an_origin_that_is_no_address_is_foreign(api: str) -> None:
    with client_of(api) as client:
        client.send(request(one_topic("a"), headers="Origin: http://[x\r\n"))
        status, _, problem = client.answer()
    assert (status, problem["code"]) == (403, "foreign_origin")


def test_nothing_is_kept_of_a_body_that_was_refused(api: str) -> None:
    gc.collect()
    gc.disable()  # a connection that ended is garbage that refers to itself
    try:
        with client_of(api) as going, client_of(api) as staying:
            for client in (going, staying):
                client.send(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n")
                client.send(b"x" * 60_000)
                assert client.answer()[0] == 404
            going.close()
            until(lambda: kept_bytes() == 0)
    finally:
        gc.enable()


def test_a_body_that_is_read_behind_an_answer_is_kept(api: str, connection: Connection) -> None:
    first, second = request(one_topic("a")), request(one_topic("behind"))
    with client_of(api) as client:
        client.send(LIVE + first + second[:-20])
        assert [client.answer()[0] for _ in range(2)] == [200, 202]
        client.send(second[-20:])
        assert client.answer()[0] == 202


def kept_bytes() -> int:
    return sum(len(each.body) for each in gc.get_objects() if type(each) is RequestResponseCycle)


def test_a_stream_whose_reader_leaves_with_another_request_behind_ends(
    api: str, client: httpx2.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    with client_of(api) as reader:
        reader.send(b"GET /events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert reader.link.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        reader.send(LIVE)
        reader.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def ended() -> bool:
        client.post("/publish", json=one_topic(str(uuid.uuid4())), headers={"Prefer": "wait=5"})
        return "eventlog_streams 0.0\n" in client.get("/metrics").text

    until(ended)
    assert "request_failed" not in "".join(capfd.readouterr())
