"""GET /events by time: what is listed, in which order, page by page."""

import http.client
import json
import zlib
from base64 import urlsafe_b64encode
from contextlib import closing
from typing import Any

import httpx2
import msgspec
import pytest

from projections.drop import drop
from tests.support.api import running_api
from tests.support.events import event
from tests.support.reading import NDJSON, at_second, ids, lines, next_page, pages, published, wrong_parameters
from tests.support.waiting import until

FIELDS = [
    "topic",
    "event_id",
    "timestamp",
    "source",
    "payload",
    "partition",
    "position",
    "received_at",
    "processed_at",
]


def test_an_event_is_listed_with_all_its_fields(client: httpx2.Client) -> None:
    [result] = published(client, [event(timestamp="2025-10-21T12:00:00.5+02:00")])
    [row] = client.get("/events").json()
    assert list(row) == FIELDS
    assert row["timestamp"] == "2025-10-21T10:00:00.500Z"
    assert f"{row['partition']}:{row['position']}" == result["delivery"]
    assert row["received_at"].endswith("Z")
    assert row["processed_at"] >= row["received_at"]


def test_microseconds_are_kept_and_milliseconds_stay_short(client: httpx2.Client) -> None:
    published(client, [event(event_id="a", timestamp="2025-10-21T10:00:00.123456Z")])
    assert client.get("/events").json()[0]["timestamp"] == "2025-10-21T10:00:00.123456Z"


def test_a_payload_comes_back_as_the_text_that_was_sent(client: httpx2.Client) -> None:
    payload = '{ "b":1.10,"a" : [1e2 ,-0, 12345678901234567890],\t"é\\u00e9\\/":"\U0001f600" }'
    body = (
        f'{{"topic":"a","event_id":"1","timestamp":"2025-10-21T10:00:00Z","source":"s","payload":{payload}}}'
    )
    answer = client.post(
        "/publish", content=body.encode(), headers={"Content-Type": "application/json", "Prefer": "wait=10"}
    )
    assert answer.status_code == 200, answer.text
    assert f'"payload":{payload},' in client.get("/events").text
    assert f'"payload":{payload},' in client.get("/events/a/1").text


def test_events_come_by_time_then_topic_then_id(client: httpx2.Client) -> None:
    same = "2025-10-21T10:00:00Z"
    published(
        client,
        [
            event(topic="b", event_id="1", timestamp=same),
            event(topic="a", event_id="2", timestamp=same),
            event(topic="a", event_id="10", timestamp=same),
            event(topic="z", event_id="0", timestamp="2025-10-21T09:59:59.999999Z"),
        ],
    )
    expected = [("z", "0"), ("a", "10"), ("a", "2"), ("b", "1")]
    assert [(row["topic"], row["event_id"]) for row in client.get("/events").json()] == expected
    reverse = client.get("/events", params={"order": "desc"}).json()
    assert [(row["topic"], row["event_id"]) for row in reverse] == expected[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_event_once(client: httpx2.Client, order: str) -> None:
    sent = [
        at_second(second, topic=f"order.{number}", source=f"s{second % 3}")
        for second in range(12)
        for number in range(5)
    ]
    published(client, sent)
    choices = {"": 60, "&topic=order.*": 60, "&topic=order.3": 12, "&source=s2": 20, "&event_id=e0007": 5}
    for choice, expected in choices.items():
        found = [row for page in pages(client, f"/events?order={order}&limit=4{choice}") for row in page]
        keys = [(row["timestamp"], row["topic"], row["event_id"]) for row in found]
        assert keys == sorted(set(keys), reverse=order == "desc")
        assert found == client.get(f"/events?limit=1000&order={order}{choice}").json()
        assert len(found) == expected, choice


def test_since_is_inclusive_and_until_exclusive(client: httpx2.Client) -> None:
    published(client, [at_second(second) for second in range(6)])
    window = {"since": "2025-10-21T10:00:02Z", "until": "2025-10-21T12:00:04+02:00"}
    assert ids(client.get("/events", params=window)) == ["e0002", "e0003"]
    assert ids(client.get("/events", params={**window, "order": "desc"})) == ["e0003", "e0002"]
    assert ids(client.get("/events", params={**window, "topic": "order.created"})) == ["e0002", "e0003"]
    assert ids(client.get("/events", params={**window, "order": "position"})) == ["e0002", "e0003"]


def test_a_plus_sign_that_nobody_encoded_is_understood(client: httpx2.Client) -> None:
    published(client, [at_second(second) for second in range(3)])
    assert ids(client.get("/events?since=2025-10-21T12:00:02+02:00")) == ["e0002"]


def test_a_prefix_matches_what_begins_with_it_and_nothing_else(client: httpx2.Client) -> None:
    topics = ["order", "order.", "order.a", "order.z\U0010ffff", "order/a", "orders", "ordeq.a", "Order.a"]
    published(client, [event(topic=topic, event_id="1") for topic in topics])

    def matching(pattern: str) -> set[str]:
        return {row["topic"] for row in client.get("/events", params={"topic": pattern}).json()}

    assert matching("order.*") == {"order.", "order.a", "order.z\U0010ffff"}
    assert matching("order*") == set(topics) - {"ordeq.a", "Order.a"}
    assert matching("order.z\U0010ffff*") == {"order.z\U0010ffff"}
    assert matching("*") == set(topics)
    assert matching("order") == {"order"}


def test_a_topic_that_nobody_published_is_an_empty_list(client: httpx2.Client) -> None:
    answer = client.get("/events?topic=nothing.here")
    assert (answer.status_code, answer.json()) == (200, [])
    assert "link" not in answer.headers


def test_the_link_keeps_the_other_parameters(client: httpx2.Client) -> None:
    published(client, [at_second(second, topic="a&b=c é") for second in range(3)])
    answer = client.get("/events", params={"topic": "a&b=c é", "limit": 2, "order": "desc"})
    following = next_page(answer)
    assert following is not None
    assert following.startswith("events?")
    assert ids(client.get(following)) == ["e0000"]


def test_a_page_ends_early_when_its_payloads_are_large(client: httpx2.Client) -> None:
    text = "x" * 900_000
    for second in range(8):
        published(client, [at_second(second, payload={"text": text})])
    first = client.get("/events?limit=1000")
    assert 1 <= len(first.json()) < 8
    found = [row["event_id"] for page in pages(client, "/events?limit=1000") for row in page]
    assert found == [f"e000{second}" for second in range(8)]
    assert [row["event_id"] for row in lines(client, "/events")] == found
    assert [row["event_id"] for row in lines(client, "/events?order=position")] == found


@pytest.mark.parametrize("order", ["asc", "desc", "position"])
def test_ndjson_streams_past_the_limit_of_a_page(client: httpx2.Client, order: str) -> None:
    published(client, [at_second(second, topic=f"t{second % 7}") for second in range(2_500)])
    streamed = lines(client, f"/events?order={order}")
    assert len({(row["topic"], row["event_id"]) for row in streamed}) == len(streamed) == 2_500
    assert len(lines(client, f"/events?order={order}&limit=10")) == 10


def test_a_payload_on_many_lines_is_one_line_of_ndjson(client: httpx2.Client) -> None:
    body = json.dumps(event(payload={"a": [1, {"b": "c\nd"}]}), indent=2)
    client.post("/publish", content=body, headers={"Content-Type": "application/json", "Prefer": "wait=10"})
    [row] = lines(client, "/events")
    assert row["payload"] == {"a": [1, {"b": "c\nd"}]}


WRONG: list[tuple[str, list[str]]] = [
    ("limit=0", ["/limit"]),
    ("limit=1001", ["/limit"]),
    ("limit=ten", ["/limit"]),
    ("limit=%D9%A1", ["/limit"]),
    ("order=up", ["/order"]),
    ("since=yesterday", ["/since"]),
    ("until=2025-10-21T10:00:00", ["/until"]),
    ("since=1969-12-31T23:59:59Z", ["/since"]),
    ("topic=", ["/topic"]),
    ("topic=a*b", ["/topic"]),
    ("topic=a%00", ["/topic"]),
    ("source=" + "x" * 256, ["/source"]),
    ("topics=a", ["/topics"]),
    ("topic=a&topic=b", ["/topic"]),
    ("limit=0&order=up&foo=1", ["/limit", "/order", "/foo"]),
    ("cursor=", ["/cursor"]),
    ("cursor=abc", ["/cursor"]),
    ("cursor=latest", ["/cursor"]),
    ("cursor=%C3%A9", ["/cursor"]),
]


def test_wrong_parameters_are_named(client: httpx2.Client) -> None:
    for query, named in WRONG:
        assert wrong_parameters(client.get(f"/events?{query}")) == named, query


def test_a_forged_cursor_is_refused_however_deep_it_nests(client: httpx2.Client) -> None:
    for order in ("asc", "desc", "position"):
        body = b"\x93\x01" + msgspec.msgpack.encode(order) + b"\x91" * 3_000 + b"\xc0"
        forged = urlsafe_b64encode(body + zlib.crc32(body).to_bytes(4, "big")).rstrip(b"=").decode()
        assert wrong_parameters(client.get(f"/events?order={order}&cursor={forged}")) == ["/cursor"]
    refused = client.get("/events/stream", headers={"Last-Event-ID": forged})
    assert wrong_parameters(refused) == ["/Last-Event-ID"]


def test_a_query_that_is_no_utf_8_is_refused(client: httpx2.Client) -> None:
    assert client.get("/events?topic=%ff").json()["code"] == "invalid_query"


def test_a_cursor_of_another_order_or_tampered_with_is_refused(client: httpx2.Client) -> None:
    published(client, [at_second(second) for second in range(3)])
    following = next_page(client.get("/events?limit=1"))
    assert following is not None
    cursor = following.partition("cursor=")[2]
    for order in ("desc", "position"):
        assert wrong_parameters(client.get(f"/events?limit=1&order={order}&cursor={cursor}")) == ["/cursor"]
    for at in range(0, len(cursor), 5):
        tampered = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        assert wrong_parameters(client.get(f"/events?limit=1&cursor={tampered}")) == ["/cursor"]


def test_head_answers_as_get_without_a_body(client: httpx2.Client) -> None:
    published(client, [event()])
    for path in ("/events", "/events/payment.notification/3832d20e7-101", "/stats", "/livez", "/", "/docs"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert client.head("/events", headers={"Accept": "application/x-ndjson"}).status_code == 200


def test_another_method_is_told_which_there_are(client: httpx2.Client) -> None:
    answer = client.post("/events", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_the_document_describes_every_reading_route(client: httpx2.Client) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    for path in (
        "/",
        "/events",
        "/events/{topic}/{event_id}",
        "/deliveries/{delivery}",
        "/stats",
        "/quarantine",
        "/livez",
        "/readyz",
        "/health",
        "/metrics",
    ):
        assert document["paths"][path]["get"]["responses"]["200"]["content"], path
    names = [parameter["name"] for parameter in document["paths"]["/events"]["get"]["parameters"]]
    assert names == ["topic", "source", "event_id", "since", "until", "order", "limit", "cursor"]


def test_the_documentation_page_needs_no_internet(client: httpx2.Client) -> None:
    page = client.get("/docs").text
    assert "https://" not in page.replace("https://fastapi.tiangolo.com", "")


@pytest.mark.parametrize("length", [8_300, 70_000])
def test_a_target_that_is_too_long_is_414(client: httpx2.Client, length: int) -> None:
    address = client.base_url
    connection = http.client.HTTPConnection(address.host, address.port or 80)
    with closing(connection):
        connection.request("GET", "/events?topic=" + "a" * length)
        assert connection.getresponse().status == 414


def test_lines_that_cannot_go_on_are_left_unfinished_without_a_traceback(
    client: httpx2.Client, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    large = {"text": "x" * 200_000}
    for batch in range(4):
        published(client, [event(event_id=f"{batch}.{n}", payload=large) for n in range(30)])
    with client.stream("GET", "/events", headers={"Accept": "application/x-ndjson"}) as answer:
        came = answer.iter_lines()
        next(came)
        drop(database, "core")
        with pytest.raises(httpx2.RemoteProtocolError):
            list(came)
    told = capsys.readouterr().out
    assert "lines_cut" in told
    assert "request_failed" not in told


def test_answers_that_nobody_reads_are_so_many(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.wiring.LINES_MAX", 1)
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=15) as client:
        for batch in range(4):
            large = [event(event_id=f"{batch}.{n}", payload={"text": "x" * 200_000}) for n in range(30)]
            published(client, large)
        with client.stream("GET", "/events", headers=NDJSON):
            refused = client.get("/events", headers=NDJSON)
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
            assert client.get("/events?limit=1").status_code == 200
        until(lambda: client.get("/events?limit=1", headers=NDJSON).status_code == 200)


@pytest.mark.parametrize("path", ["/", "/events/a/b", "/deliveries/0:1", "/health/findings"])
def test_a_parameter_that_is_not_known_is_named(client: httpx2.Client, path: str) -> None:
    answer = client.get(f"{path}?verbose=1")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert "verbose" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
def test_no_probe_fails_for_a_parameter(client: httpx2.Client, path: str) -> None:
    assert client.get(f"{path}?verbose&exclude=etcd&x=%zz").status_code == 200
