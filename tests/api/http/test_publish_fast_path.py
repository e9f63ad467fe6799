"""Publishes that come whole are answered without a task, and nobody can tell but by the time it takes."""

import json
import re
import select
import time
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.authentication import ANYBODY
from api.http.known_head import known_head
from tests.support.api import running_api
from tests.support.events import event
from tests.support.raw_client import Client, client_of, full, logged, one_topic, queue_size, request
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_an_answer_is_the_same_as_by_the_ordinary_way(api: str) -> None:
    with client_of(api) as client:
        client.send(request(one_topic("a"), one_topic("b")))
        status, headers, body = client.answer()
        # A body in two pieces goes the ordinary way.
        whole = request(one_topic("c"), one_topic("d"))
        client.send(whole[:-10])
        queue_size(api)  # by its answer, the first piece was read
        client.send(whole[-10:])
        ordinary_status, ordinary_headers, ordinary_body = client.answer()
    assert (status, set(headers)) == (ordinary_status, set(ordinary_headers)) == (202, set(headers))
    assert headers["content-type"] == ordinary_headers["content-type"]
    assert body.keys() == ordinary_body.keys()
    assert UUID.fullmatch(headers["x-request-id"])
    [place] = body["deliveries"]
    assert ordinary_body["deliveries"] == [{**place, "first": place["first"] + 2, "last": place["last"] + 2}]


def test_the_request_id_of_an_answer_is_in_the_log(api: str, connection: Connection) -> None:
    with client_of(api) as client:
        client.send(request(one_topic("a")))
        _, headers, _ = client.answer()
    assert connection.execute("SELECT request_id::text FROM inbox").fetchone() == (headers["x-request-id"],)


def test_requests_sent_at_once_are_answered_and_appended_in_their_order(
    api: str, connection: Connection
) -> None:
    count = 60
    with client_of(api) as client:
        client.send(
            *(
                # Every third asks for something, every fifth is refused: neither goes the short way.
                request(
                    one_topic(f"{n:02}") if n % 5 else {},
                    headers="Prefer: handling=strict\r\n" if n % 3 == 0 else "",
                )
                for n in range(count)
            )
        )
        statuses = [client.answer()[0] for _ in range(count)]
    assert statuses == [202 if n % 5 else 422 for n in range(count)]
    assert logged(connection) == [f"{n:02}" for n in range(count) if n % 5]


def test_a_client_that_asks_for_it_is_closed_on_after_its_answer(api: str) -> None:
    with client_of(api) as client:
        client.send(request(one_topic("a"), headers="Connection: close\r\n"))
        status, headers, _ = client.answer()
        assert (status, headers["connection"]) == (202, "close")
        assert client.ended()


def test_clients_that_go_away_take_nothing_with_them(database: str, connection: Connection) -> None:
    with running_api(database, workers=0) as url:
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            gone = [Client(url) for _ in range(5)]
            stayed = Client(url)
            for number, client in enumerate([*gone, stayed]):
                client.send(request(one_topic(f"{number}")))
            until(lambda: queue_size(url) == 6)
            for client in gone:
                client.close()
        assert stayed.answer()[0] == 202
        stayed.close()
    assert sorted(logged(connection)) == [str(number) for number in range(6)]


def test_a_full_queue_is_told_at_once(database: str, connection: Connection) -> None:
    with running_api(database, workers=0, queue_events_max=10) as url:
        clients = [Client(url) for _ in range(3)]
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            clients[0].send(request(*(one_topic(f"a{n}") for n in range(9))))
            until(lambda: queue_size(url) == 9)
            clients[1].send(request(*(one_topic(f"b{n}") for n in range(9))))
            until(lambda: queue_size(url) == 18)
            # Many at once: one is answered after the other, not from within the other's answer.
            clients[2].send(*[request(*(one_topic(f"c{n}") for n in range(9)))] * 300)
            for _ in range(300):
                status, headers, problem = clients[2].answer()
                assert status == 503
        assert (status, problem["code"], problem["retryable"]) == (503, "queue_full", True)
        assert problem["request_id"] == headers["x-request-id"]
        assert int(headers["retry-after"]) >= 1
        assert [client.answer()[0] for client in clients[:2]] == [202, 202]
        for client in clients:
            client.close()


def test_what_finds_no_room_is_refused_by_its_head_alone(database: str, connection: Connection) -> None:
    content = request(*(one_topic(f"{number}") for number in range(1_000)))
    with full(database, connection) as url, client_of(url) as client:
        for parts in ([content], [content[:300], content[300:]], [content[:300], content[300:] + content]):
            client.send(parts[0])
            status, headers, problem = client.answer()
            assert (status, problem["code"], headers["retry-after"]) == (503, "queue_full", "1")
            assert UUID.fullmatch(headers["x-request-id"])
            client.send(*parts[1:])
        assert client.answer()[0] == 503
        client.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.answer()[0] == 200
    assert logged(connection) == ["flushed", "queued"]


def test_a_refused_client_that_takes_too_long_to_send_its_body_is_closed_on(
    database: str, connection: Connection
) -> None:
    content = request(one_topic("never" * 20))
    with full(database, connection, receive_timeout_seconds=0.3) as url, client_of(url) as client:
        client.send(content[:-50])
        assert client.answer()[0] == 503
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            client.trickle(content[-50:])


def test_a_refused_client_that_has_sent_its_body_may_be_idle_no_longer_than_others(
    database: str, connection: Connection
) -> None:
    with full(database, connection, keep_alive_seconds=1) as url, client_of(url) as client:
        content = request(one_topic("refused"))
        client.send(content[:-1])
        assert client.answer()[0] == 503
        client.send(content[-1:])
        assert client.ended()


def test_a_client_that_asks_to_be_closed_on_reads_its_refusal_first(
    database: str, connection: Connection
) -> None:
    content = request(headers="Connection: close\r\n", body=b"[" + b" " * 1_000_000)
    with full(database, connection) as url, client_of(url) as client:
        client.send(content[:500])
        client.send(content[500:])
        assert client.answer()[0] == 503
        assert client.ended()


def test_too_many_bytes_under_way_are_told_at_once_and_counted_out_again(
    database: str, connection: Connection
) -> None:
    large = {**one_topic("large"), "payload": {"text": "x" * 20_000}}
    with running_api(database, workers=0, queue_bytes_max=30_000) as url, client_of(url) as first:
        with connection.transaction(), client_of(url) as second:
            connection.execute("SELECT FROM partitions FOR UPDATE")
            first.send(request(large))
            until(lambda: queue_size(url) == 1)
            second.send(request(large))
            assert second.answer()[2]["code"] == "queue_full"
        assert first.answer()[0] == 202
        first.send(request(large))
        assert first.answer()[0] == 202


def test_a_body_that_will_not_fit_is_refused_before_it_has_come(
    database: str, connection: Connection
) -> None:
    """Else many bodies at once are read nearly to their ends, and then refused one by the other."""
    large = {**one_topic("large"), "payload": {"text": "x" * 20_000}}
    with running_api(database, workers=0, queue_bytes_max=30_000) as url, client_of(url) as first:
        with connection.transaction(), client_of(url) as second:
            connection.execute("SELECT FROM partitions FOR UPDATE")
            first.send(request(large))
            until(lambda: queue_size(url) == 1)
            second.send(request(large)[:5_000])
            assert second.answer()[2]["code"] == "queue_full"
        assert first.answer()[0] == 202


def test_a_body_that_is_only_announced_takes_no_room(database: str) -> None:
    large = request({**one_topic("large"), "payload": {"text": "x" * 20_000}})
    with running_api(database, workers=0, queue_bytes_max=30_000) as url, client_of(url) as announcing:
        announcing.send(large[: large.index(b"\r\n\r\n") + 5])
        with client_of(url) as other:
            other.send(large)
            assert other.answer()[0] == 202


def test_a_busy_service_refuses_no_64_clients_with_batches_of_1000(
    database: str, connection: Connection
) -> None:
    batch = request(*(one_topic(f"{number:036}") for number in range(1_000)))
    with running_api(database, workers=0) as url, ExitStack() as opened:
        clients = [opened.enter_context(client_of(url)) for _ in range(64)]
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            for client in clients:
                client.send(batch)
            until(lambda: queue_size(url) == 64_000, deadline_seconds=30)
        assert {client.answer()[0] for client in clients} == {202}


def test_a_body_that_takes_long_to_judge_holds_up_nobody(api: str) -> None:
    strings = json.dumps(['["'] * 120_000)
    doubtful = [json.dumps(event(payload={"a": "strings"})).replace('"strings"', strings)] * 6
    body = f"[{','.join(doubtful)},{{}}]".encode()
    with client_of(api) as hostile, client_of(api) as other:
        hostile.send(request(body=body))
        waits = []
        while not select.select([hostile.link], [], [], 0)[0]:
            asked = time.monotonic()
            other.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.answer()[0] == 200
            waits.append(time.monotonic() - asked)
        assert hostile.answer()[0] == 422
    assert max(waits) < sum(waits) / 2


def test_a_stop_answers_what_is_under_way(database: str, connection: Connection) -> None:
    with ExitStack() as opened:
        with running_api(database, workers=0) as url:
            client = opened.enter_context(client_of(url))
            with connection.transaction():
                connection.execute("SELECT FROM partitions FOR UPDATE")
                client.send(request(one_topic("a")))
                until(lambda: queue_size(url) == 1)
        # The service has stopped by now.
        assert client.answer()[0] == 202
        assert client.ended()
    assert logged(connection) == ["a"]


@pytest.mark.parametrize("headers", ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"])
def test_a_connection_known_as_good_is_looked_at_again_when_its_headers_change(
    api: str, headers: str
) -> None:
    with client_of(api) as client:
        client.send(request(one_topic("a")))
        assert client.answer()[0] == 202
        client.send(request(one_topic("b"), headers=headers))
        assert client.answer()[0] == 403


def test_a_head_is_known_again_with_any_length_and_with_no_other_byte() -> None:
    whole = request(one_topic("a"))
    size = len(whole) - whole.index(b"\r\n\r\n") - 4
    known = known_head(whole, size, ANYBODY)
    assert known is not None
    assert known.body_of(request({}, body=b"x" * 12_345)) == b"x" * 12_345
    other_lengths = (whole + b" ", whole[:-1], whole.replace(b"%d\r" % size, b"+%d\r" % size))
    others = (b"\r\n" + whole, whole.replace(b"Host", b"host"), request(one_topic("a"), headers="X: y\r\n"))
    assert [known.body_of(each) for each in (*other_lengths, *others, whole[:50], b"")] == [None] * 8


@pytest.mark.parametrize(
    "head",
    [
        b"POST /publish HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /publish HTTP/1.1\r\nContent-Length: 7\r\n\r\n",
        b"POST /publish HTTP/1.1\r\nX: " + b"x" * 1024 + b"\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\nPOST /publish HTTP/1.1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_no_other_head_is_kept_to_be_known_again(head: bytes) -> None:
    assert known_head(head + b"{}", 2, ANYBODY) is None


def test_a_connection_that_publishes_well_is_served_whatever_else_it_sends(
    api: str, connection: Connection
) -> None:
    def good(name: str) -> bytes:
        return request(one_topic(name))

    with client_of(api) as client:
        for content, statuses in (
            ([good("a")], [202]),
            ([good("b")], [202]),
            # Each goes another way: refused, in two pieces, two at once, another route, chunks.
            ([request({})], [422]),
            ([good("c")], [202]),
            ([good("d")[:-9], good("d")[-9:]], [202]),
            ([good("e") + good("f")], [202, 202]),
            ([b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"], [200]),
            ([good("g") + b"\r\n", good("h")], [202, 202]),
            ([request(one_topic("i"), headers="Connection: close\r\n")], [202]),
        ):
            for part in content:
                client.send(part)
                queue_size(api)  # by its answer, it was read
            assert [client.answer()[0] for _ in statuses] == statuses
        assert client.ended()
    assert logged(connection) == list("abcdefghi")


def test_uvicorn_still_has_the_place_where_the_short_way_begins() -> None:
    """Without it every publish would quietly go the ordinary way."""
    assert callable(HttpToolsProtocol._start_asgi_task)
