"""What is no request, or more than one may send, is refused while it comes, in its turn, and readably."""

import json
import socket
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from tests.support.api import running_api
from tests.support.one_database import database_name as database_name
from tests.support.postgres import at_database
from tests.support.raw_client import Client, client_of, full, logged, one_topic, queue_size, request
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

HOST = b"Host: localhost\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST
LIVE = GET + b"\r\n"
CHUNKED = (
    b"POST /publish HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
)
# As much as is taken in at once, some times over.
MUCH = 300_000


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def chunked(content: bytes, trailer: bytes = b"") -> bytes:
    return CHUNKED + b"\r\n" + chunk(content) + b"0\r\n" + trailer + b"\r\n"


EVENT = request(one_topic("a")).partition(b"\r\n\r\n")[2]


@pytest.fixture(scope="module")
def api(server: EmbeddedServer, database_name: str) -> Iterator[str]:
    with running_api(at_database(server.dsn, database_name)) as url:
        yield url


ENDLESS = {
    "header": (GET + b"X: " + b"x" * MUCH, 431, "headers_too_large"),
    "header name": (GET + b"x" * MUCH, 431, "headers_too_large"),
    "headers": (GET + b"a:b\r\n" * (MUCH // 5), 431, "headers_too_large"),
    "small headers": (GET + b"a:\r\n" * 101, 431, "headers_too_large"),
    "headers that end": (GET + b"X: " + b"x" * 17_000 + b"\r\n\r\n", 431, "headers_too_large"),
    "target": (b"GET /" + b"x" * MUCH, 414, "target_too_long"),
    "query that ends": (
        b"GET /livez?" + b"x" * 8_200 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        414,
        "target_too_long",
    ),
    "method": (b"G" * MUCH, 400, "invalid_http"),
    "empty lines": (b"\r\n" * MUCH, 400, "invalid_http"),
    "chunk extension": (CHUNKED + b"\r\n1;x=" + b"x" * MUCH, 400, "invalid_http"),
    "chunk extensions": (
        CHUNKED + b"\r\n" + (b"1;x=" + b"x" * 9_000 + b"\r\n1\r\n") * 40,
        400,
        "invalid_http",
    ),
    "chunk size": (CHUNKED + b"\r\n" + b"1" * MUCH, 400, "invalid_http"),
    "trailer": (CHUNKED + b"\r\n0\r\nx: " + b"x" * MUCH, 400, "invalid_http"),
    "trailers": (CHUNKED + b"\r\n0\r\n" + b"a:b\r\n" * (MUCH // 5), 400, "trailers_refused"),
    "folded header": (GET + b"X: a\r\n " + b"b\r\n " * (MUCH // 5), 400, "invalid_http"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_refused_while_it_comes(api: str, name: str) -> None:
    content, status, code = ENDLESS[name]
    with client_of(api) as client:
        client.send(content)
        answered, headers, problem = client.answer()
        assert (answered, problem["code"], headers["connection"]) == (status, code, "close")
        assert client.ended()


def test_the_largest_head_is_taken_byte_by_byte_too(api: str) -> None:
    target = b"GET /livez?" + b"x" * 8_180 + b" HTTP/1.1\r\n"
    content = target + HOST + b"".join(b"x-%02d: %s\r\n" % (n, b"y" * 150) for n in range(99)) + b"\r\n"
    with client_of(api) as client:
        for piece in (1, 7_000):
            for at in range(0, len(content), piece):
                client.link.sendall(content[at : at + piece])
            assert client.answer()[0] == 200


@pytest.mark.parametrize(
    "trailer", [b"Host: evil.example\r\n", b"X-Request-Id: 1\r\n", b"Origin: http://e\r\n"]
)
def test_trailers_are_refused_and_nothing_of_their_request_is_stored(
    api: str, connection: Connection, trailer: bytes
) -> None:
    before = logged(connection)
    with client_of(api) as client:
        client.send(chunked(EVENT, trailer))
        status, _, problem = client.answer()
        assert (status, problem["code"]) == (400, "trailers_refused")
        assert client.ended()
    assert logged(connection) == before


def test_chunks_of_single_bytes_and_with_extensions_are_taken(api: str) -> None:
    content = CHUNKED + b"\r\n" + b"".join(map(chunk, [EVENT[n : n + 1] for n in range(len(EVENT))]))
    signed = CHUNKED + b"\r\n" + b"%x;chunk-signature=%s\r\n%s\r\n" % (len(EVENT), b"5" * 64, EVENT)
    with client_of(api) as client:
        for each in (content, signed):
            client.send(each, b"0\r\n\r\n")
            assert client.answer()[0] == 202


@pytest.mark.parametrize("bad", [b"\0\1\2\3" * 50, GET + b"X: " + b"x" * MUCH, chunked(EVENT, b"a:b\r\n")])
def test_what_is_refused_waits_for_the_answers_before_it(database: str, bad: bytes) -> None:
    with running_api(database, workers=0) as url, client_of(url) as client:
        with psycopg.connect(database) as holder:
            holder.execute("SELECT FROM partitions FOR UPDATE")
            client.send(request(one_topic("a")) + LIVE, bad)
            until(lambda: queue_size(url) == 1)
        assert [client.answer()[0] for _ in range(3)] == [202, 200, 400 if b"X: " not in bad else 431]
        assert client.ended()


def test_a_body_that_nobody_wants_is_dropped_and_the_next_request_answered(api: str) -> None:
    body = b"x" * 3_000_000
    with client_of(api) as client:
        for head in (b"GET /livez", b"POST /nowhere", b"DELETE /operations/x"):
            client.send(
                head + b" HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body), body, LIVE
            )
            client.answer()
            assert client.answer()[0] == 200


def test_too_large_a_body_may_be_sent_to_its_end_and_its_answer_be_read_then(api: str) -> None:
    body = b"x" * (9 << 20)
    with client_of(api) as client:
        client.send(request(body=body))
        assert client.answer()[0] == 413
        assert client.ended()


def half_closed(client: Client, *content: bytes) -> None:
    client.send(*content)
    client.link.shutdown(socket.SHUT_WR)


def test_who_ends_its_side_gets_the_answers_that_are_due(database: str, connection: Connection) -> None:
    with running_api(database, workers=0) as url, client_of(url) as client:
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            half_closed(client, request(one_topic("a")), chunked(EVENT), LIVE)
            until(lambda: queue_size(url) == 1)
        assert [client.answer()[0] for _ in range(3)] == [202, 202, 200]
        assert client.ended()


@pytest.mark.parametrize(
    "content", [LIVE[:20], LIVE[:-2], request(one_topic("x"))[:-1], CHUNKED + b"\r\n5\r\nab"]
)
def test_who_ends_its_side_too_soon_is_told(api: str, connection: Connection, content: bytes) -> None:
    with client_of(api) as client:
        half_closed(client, LIVE, content)
        assert client.answer()[0] == 200
        status, _, problem = client.answer()
        assert (status, problem["code"]) == (400, "incomplete_request")
        assert client.ended()
    assert "x" not in logged(connection)


def test_who_says_nothing_and_ends_its_side_is_closed_on(api: str) -> None:
    with client_of(api) as client:
        half_closed(client, LIVE)
        assert client.answer()[0] == 200
        assert client.ended()


def until_close(client: Client) -> tuple[bytes, bytes]:
    content = b""
    while piece := client.link.recv(1 << 16):
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    return head.lower(), body


def test_http_1_0_gets_no_chunks(api: str) -> None:
    httpx2.post(f"{api}/publish", json=one_topic("old"), headers={"prefer": "wait=10"})
    accept = b"Accept: application/x-ndjson\r\n"
    with client_of(api) as client:
        client.send(b"GET /events HTTP/1.0\r\n" + HOST + accept + b"\r\n")
        head, body = until_close(client)
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body.startswith(b"{")
    assert body.endswith(b"}\n")
    with client_of(api) as client:
        client.send(b"GET /events/stream?from=start HTTP/1.0\r\n" + HOST + accept + b"\r\n")
        got = b""
        while b'"old"' not in got:
            got += client.link.recv(1 << 16)
    assert b"transfer-encoding" not in got.lower()
    assert got.partition(b"\r\n\r\n")[2].startswith(b"{")


@pytest.mark.parametrize("coding", ["chunked", "gzip, chunked", "identity"])
def test_http_1_0_sends_no_chunks(api: str, connection: Connection, coding: str) -> None:
    content = json.dumps(one_topic("chunked")).encode()
    with client_of(api) as client:
        client.send(b"POST /publish HTTP/1.0\r\n" + HOST + b"Content-Type: application/json\r\n")
        client.send(
            b"Transfer-Encoding: %b\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (coding.encode(), len(content), content)
        )
        status, _, problem = client.answer()
    assert (status, problem["code"]) == (400, "invalid_http")
    assert "Content-Length" in problem["detail"] or coding != "chunked"
    assert "chunked" not in logged(connection)


@pytest.mark.parametrize(
    ("coding", "taken"), [("gzip, chunked", False), ("x, CHUNKED", False), ("CHUNKED ", True)]
)
def test_what_is_sent_in_another_coding_is_refused(api: str, coding: str, taken: bool) -> None:
    content = json.dumps(one_topic("coded")).encode()
    with client_of(api) as client:
        client.send(b"POST /publish HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n")
        client.send(
            b"Transfer-Encoding: %b\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (coding.encode(), len(content), content)
        )
        status, _, answer = client.answer()
    assert status == (202 if taken else 400)
    assert taken or (answer["code"], "chunked" in answer["detail"]) == ("invalid_http", True)


EXPECT = "Expect: 100-continue\r\n"


def test_who_waits_to_be_told_to_go_on_is_told(api: str) -> None:
    content = request(one_topic("waits"), headers=EXPECT)
    at = content.index(b"\r\n\r\n") + 4
    with client_of(api) as client:
        for _ in range(2):
            client.send(content[:at])
            assert client.link.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.send(content[at:])
            assert client.answer()[0] == 202


def test_http_1_0_is_not_told_to_go_on(api: str) -> None:
    content = request(one_topic("old"), headers=EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0")
    with client_of(api) as client:
        client.send(content)
        assert client.answer()[0] == 202
        assert client.ended()


def test_who_waits_without_a_body_keeps_its_connection(api: str) -> None:
    with client_of(api) as client:
        client.send(GET + EXPECT.encode() + b"\r\n", LIVE)
        assert [client.answer()[0] for _ in range(2)] == [200, 200]


REFUSED_BY_HEAD = {
    413: request(headers=EXPECT, body=b"x" * (9 << 20)),
    415: request(one_topic("a"), headers=EXPECT).replace(b"application/json", b"text/plain"),
    421: request(one_topic("a"), headers=EXPECT).replace(b"localhost", b"evil.example"),
    403: request(one_topic("a"), headers=EXPECT + "Origin: http://evil.example\r\n"),
    405: request(one_topic("a"), headers=EXPECT).replace(b"POST", b"PUT"),
    404: request(one_topic("a"), headers=EXPECT).replace(b"/publish", b"/nowhere"),
}


@pytest.mark.parametrize("status", REFUSED_BY_HEAD)
def test_what_the_head_alone_decides_is_decided_before_the_body(api: str, status: int) -> None:
    content = REFUSED_BY_HEAD[status]
    with client_of(api) as client:
        client.send(content[: content.index(b"\r\n\r\n") + 4])
        answered, headers, _ = client.answer()
        # The client may send its body or its next request now, and nobody could tell which.
        assert (answered, headers["connection"]) == (status, "close")
        assert client.ended()


def test_a_full_queue_is_told_before_the_body_to_who_waits(database: str, connection: Connection) -> None:
    content = request(one_topic("a"), headers=EXPECT)
    with full(database, connection) as url, client_of(url) as client:
        client.send(content[: content.index(b"\r\n\r\n") + 4])
        status, headers, problem = client.answer()
        assert (status, problem["code"], headers["connection"]) == (503, "queue_full", "close")
