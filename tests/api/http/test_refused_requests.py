"""What is not accepted: which answer it gets, that nothing of it is stored, and what is recorded."""

import http.client
import json
import socket
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.log.refused_publishes import OF_A_KIND_MAX, Refusal, RefusalLog, source_of
from tests.support.api import running_api
from tests.support.events import event
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
JSON = {"content-type": "application/json"}

MALFORMED = {
    "empty": b"",
    "no JSON": b"{nonsense",
    "trailing bytes": b'{"topic":"a"} x',
    "two documents": b"{}{}",
    "byte order mark": b"\xef\xbb\xbf[]",
    "UTF-16": json.dumps(event()).encode("utf-16"),
    "invalid UTF-8": json.dumps(event()).encode().replace(b"500000", b'"\xff"'),
    "overlong UTF-8": json.dumps(event()).encode().replace(b"500000", b'"\xc0\x80"'),
    "NaN": json.dumps(event()).encode().replace(b"500000", b"NaN"),
    "Infinity": json.dumps(event()).encode().replace(b"500000", b"-Infinity"),
    "NUL": json.dumps(event(payload={"a": "\0"})).encode(),
    "NUL in a key": json.dumps(event(payload={"\0": 1})).encode(),
    "lone surrogate": json.dumps(event()).encode().replace(b"500000", b'"\\ud800"'),
    "number beyond jsonb": json.dumps(event()).encode().replace(b"500000", b"1e131072"),
    "too deep": b"[" * 100_000,
    "too deep in one event": json.dumps(event()).encode().replace(b"500000", b"[" * 63 + b"]" * 63),
    "empty batch": b"[]",
    "empty envelope": b'{"events":[]}',
    "raw control character": json.dumps(event()).encode().replace(b"500000", b'"\x01"'),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bodies_are_400_and_leave_nothing(
    client: httpx2.Client, connection: Connection, body: bytes
) -> None:
    answer = client.post("/publish", content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == 400
    assert problem["code"]
    assert problem["retryable"] is False
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": ""}, 415),
        ({"content-type": "application/json; charset=latin-1"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 202),
        ({"content-type": 'application/json; charset="UTF-8"'}, 202),
        ({"content-type": "application/json; profile=a; charset=utf-8"}, 202),
        ({"content-type": "application/json; profile=a; charset=utf-16"}, 415),
    ],
)
def test_content_types(client: httpx2.Client, headers: dict[str, str], status: int) -> None:
    answer = client.post("/publish", content=json.dumps(event()).encode(), headers=headers)
    assert answer.status_code == status


def test_another_method_is_405_and_another_path_404(client: httpx2.Client) -> None:
    wrong_method = client.get("/publish")
    assert wrong_method.status_code == 405
    assert wrong_method.headers["allow"] == "POST"
    assert wrong_method.json()["code"] == "method_not_allowed"
    assert client.post("/elsewhere", json={}).status_code == 404
    wrong = client.delete("/stats")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["allow"]
    # Two routes of one path.
    assert client.put("/operations/x").headers["allow"] == "GET, HEAD, DELETE"


def test_an_announced_body_too_large_is_refused_before_it_is_read(api: str) -> None:
    address = urlsplit(api)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.putrequest("POST", "/publish")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "body_too_large"
    connection.close()


def test_a_chunked_body_too_large_is_refused_while_reading(database: str) -> None:
    with running_api(database, workers=0, body_bytes_max=100_000) as url:
        sent = 0

        def chunks() -> object:
            nonlocal sent
            for _ in range(100):
                sent += 10_000
                yield b" " * 10_000

        answer = httpx2.post(f"{url}/publish", content=chunks(), headers=JSON)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_an_event_too_large_and_a_batch_too_long_are_413(database: str) -> None:
    with running_api(database, workers=0, event_bytes_max=1_000, batch_events_max=5) as url:
        large = httpx2.post(f"{url}/publish", json=event(payload={"a": "x" * 1_000}))
        long = httpx2.post(f"{url}/publish", json=[event()] * 6)
    assert (large.status_code, long.status_code) == (413, 413)


def test_refused_publishes_are_recorded_without_their_body(
    client: httpx2.Client, connection: Connection
) -> None:
    answer = client.post("/publish", json=event(topic="secret*"))

    def recorded() -> list[TupleRow]:
        return connection.execute(
            "SELECT request_id::text, status, code, pointer, source FROM refused_publishes"
        ).fetchall()

    [row] = until(recorded)
    assert row[0] == answer.headers["x-request-id"]
    assert (row[1], row[3], row[4]) == (422, "/topic", "127.0.0.1")
    assert "secret" not in str(row) + answer.text


def test_noise_of_one_source_pushes_out_nothing_else(database: str, connection: Connection) -> None:
    log = RefusalLog(database)
    evidence = Refusal(uuid4(), 422, "invalid_topic", "/topic", "192.0.2.1")
    own = Refusal(uuid4(), 422, "invalid_source", "/source", "192.0.2.9")
    log.add(evidence)
    log.add(own)
    noise = 0
    for number in range(20_000):
        code = "invalid_json" if number % 2 else "invalid_timestamp"
        log.add(Refusal(uuid4(), 400, code, None, "192.0.2.9"))
        noise += 1
    log.close()
    rows = connection.execute("SELECT source, code, times FROM refused_publishes ORDER BY id").fetchall()
    assert (evidence.source, evidence.code, 1) in rows
    assert (own.source, own.code, 1) in rows
    assert len(rows) == 2 + 2 * OF_A_KIND_MAX
    assert sum(row[2] for row in rows) == noise + 2


def test_the_record_keeps_the_first_and_the_latest_and_a_share_for_each_source(
    database: str, connection: Connection
) -> None:
    for source, codes in (("a", 60), ("b", 2)):
        connection.execute(
            "INSERT INTO refused_publishes (request_id, status, code, source)"
            " SELECT gen_random_uuid(), 400, 'code_' || mod(n, %s), %s FROM generate_series(1, 30000) AS n",
            [codes, source],
        )
    connection.execute(
        "INSERT INTO refused_publishes (request_id, status, code, source, refused_at)"
        " VALUES (gen_random_uuid(), 400, 'old', 'c', now() - interval '91 days'),"
        " (gen_random_uuid(), 400, 'new', 'c', now() - interval '89 days')"
    )
    log = RefusalLog(database)
    log.add(Refusal(uuid4(), 400, "last", None, "d"))
    log.close()
    kept = connection.execute(
        "SELECT source, count(*), min(id), max(id) FROM refused_publishes GROUP BY source ORDER BY source"
    ).fetchall()
    assert [row[:2] for row in kept] == [("a", 2_000), ("b", 200), ("c", 1), ("d", 1)]
    # Of a kind the first are kept as well.
    assert kept[1][2] < 30_050


def test_an_address_of_ipv6_is_counted_as_its_network() -> None:
    assert source_of("192.0.2.7") == "192.0.2.7"
    assert source_of("2001:db8:1:2:3:4:5:6") == source_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert source_of("unix") == "unix"


def test_a_foreign_host_is_421_and_a_foreign_origin_403(
    client: httpx2.Client, connection: Connection
) -> None:
    assert client.get("/stats", headers={"host": "evil.example"}).status_code == 421
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert client.post("/publish", json=event(), headers=headers).status_code == 403
    own = str(client.base_url).rstrip("/")
    same_site = {"origin": own, "sec-fetch-site": "same-origin"}
    assert client.post("/publish", json=event(), headers=same_site).status_code == 202
    assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (1,)


@pytest.mark.parametrize("sent", [b"", b"GET /stats HTTP/1.1\r\nHost: local", b"POST /publish HTTP/1.1\r\n"])
def test_headers_that_do_not_come_are_answered_408(database: str, sent: bytes) -> None:
    with running_api(database, workers=0, receive_timeout_seconds=0.3) as url:
        address = urlsplit(url)
        with socket.create_connection((str(address.hostname), address.port), timeout=10) as link:
            link.sendall(sent)
            answer = link.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"x-request-id" in answer


def test_a_body_that_does_not_come_is_answered_408(database: str) -> None:
    head = (
        b"POST /publish HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    with running_api(database, workers=0, receive_timeout_seconds=0.3) as url:
        address = urlsplit(url)
        with socket.create_connection((str(address.hostname), address.port), timeout=10) as link:
            link.sendall(head)
            answer = link.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_what_is_no_http_is_answered_400(api: str) -> None:
    address = urlsplit(api)
    with socket.create_connection((str(address.hostname), address.port), timeout=10) as link:
        link.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = link.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_a_full_queue_is_answered_503_with_retry_after(database: str, connection: Connection) -> None:
    """The order lock is held elsewhere, so the writer cannot get on."""
    with running_api(database, workers=0, queue_events_max=10) as url, connection.transaction():
        connection.execute("SELECT FROM partitions FOR UPDATE")
        with httpx2.Client(base_url=url, timeout=0.5) as client:
            for _ in range(2):  # one is being appended, one waits
                with pytest.raises(httpx2.TimeoutException):
                    client.post("/publish", json=[event()] * 9)
            answer = client.post("/publish", json=[event()] * 9)
    assert answer.status_code == 503
    assert answer.json()["code"] == "queue_full"
    assert answer.json()["retryable"] is True
    assert int(answer.headers["retry-after"]) >= 1
