"""GET /events/stream: slow readers, idle ones, and content that would be more than content."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest

from api.live import catch_up, hub
from api.requests.cursors import decode_positions
from tests.support.api import running_api
from tests.support.events import event
from tests.support.postgres import PARTITIONS
from tests.support.reading import published
from tests.support.streaming import NDJSON, Message, Stream, assert_complete, following
from tests.support.waiting import until

BUFFER_BYTES = 100_000
# Of 60 kB: more than the sockets and the buffer of 4 MiB hold.
EVENTS = 240


@pytest.fixture
def small(database: str) -> Iterator[str]:
    """Serve with little room for each reader."""
    with running_api(database, stream_buffer_bytes_max=BUFFER_BYTES) as url:
        yield url


def test_a_reader_that_stops_reading_is_cut_off_and_goes_on_from_its_last_event(
    api: str, client: httpx2.Client, database: str
) -> None:
    slow = Stream(api, receive_bytes=4096).open()
    with following(api) as quick:
        filler = {"filler": "x" * 60_000}
        for number in range(EVENTS):
            sent = client.post("/publish", json=event(event_id=str(number), payload=filler))
            assert sent.status_code == 202
        assert_complete(quick, database)
        places = []
        while (got := slow.take()) is not None:
            places += [message.event["position"] for message in got if message.kind == "message"]
        slow.close()
        assert len(places) < EVENTS
        again = Stream(api, last_id=slow.id)
        while len(places) < EVENTS:
            places += [message.event["position"] for message in again.take() or []]
        again.close()
        assert places == sorted(set(places))


def test_a_reader_that_is_cut_off_is_told_from_where_to_go_on(small: str, database: str) -> None:
    stream = Stream(small).open()
    with httpx2.Client(base_url=small, timeout=15) as client:
        batch = [event(event_id=str(n), payload={"filler": "x" * 10_000}) for n in range(60)]
        published(client, batch)  # projected in one step, so it comes in one go
    messages = []
    while (got := stream.take()) is not None:
        messages += got
    stream.close()
    assert stream.complete
    assert messages[-1].kind == "overflow"
    told = messages[-1].event
    assert (told["code"], told["retryable"]) == ("reader_too_slow", True)
    resumed = Stream(small, last_id=told["cursor"])
    count = sum(message.kind == "message" for message in messages)
    while count < 60:
        count += len(resumed.take() or [])
    resumed.close()
    assert count == 60


def test_an_idle_reader_of_a_rare_topic_learns_how_far_the_log_is(
    api: str, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.05)
    stream = Stream(api, "?topic=rare.*").open()
    published(client, [event(topic="other", event_id=str(n)) for n in range(50)])

    def through() -> int:
        assert stream.take() == []
        return sum(decode_positions(stream.id, list(range(PARTITIONS))).values())

    until(lambda: through() == 50)
    stream.close()


HOSTILE = [
    '{"a":"line\\nbreak","b":"\\r\\n\\r\\ndata: injected","c":"\u2028\u2029\u0085"}',
    '{\n\n"data"\r\n:\n"id: 1"\r\n\r\n}',
    '{"event":"error","id":"x"}\t\n'.strip(),
]


@pytest.mark.parametrize("payload", HOSTILE)
@pytest.mark.parametrize(
    "topic", ["data: x", "id:", ": comment", "event:error", "a\u2028b", "}{", '","cursor":"x']
)
def test_nothing_in_an_event_is_more_than_content(
    topic: str, payload: str, api: str, client: httpx2.Client
) -> None:
    head = {"topic": topic, "event_id": topic, "timestamp": "2025-10-21T10:00:00Z", "source": topic}
    body = json.dumps(head, ensure_ascii=False)[:-1] + f', "payload": {payload}}}'
    headers = {"Content-Type": "application/json", "Prefer": "wait=10"}
    assert client.post("/publish", content=body.encode(), headers=headers).status_code == 200
    query = f"?from=start&topic={quote(topic)}"
    stream = Stream(api, query)
    messages: list[Message] = []
    while not messages:
        messages += stream.take() or []
    stream.close()
    (message,) = messages
    assert (message.kind, len(message.data.splitlines()) >= 1) == ("message", True)
    listed = client.get(f"/events?topic={quote(topic)}").json()[0]
    assert message.event == listed
    assert listed["payload"] == json.loads(payload)
    with client.stream("GET", f"/events/stream{query}", headers={"Accept": NDJSON}) as answer:
        raw = b""
        for piece in answer.iter_raw():
            raw += piece
            if raw.count(b"\n") >= 2:
                break
    _, line, rest = raw.split(b"\n")
    assert rest == b""
    assert {**json.loads(line), "cursor": message.id} == {**listed, "cursor": message.id}


def test_a_client_that_leaves_at_any_point_harms_nobody(api: str, client: httpx2.Client) -> None:
    request = b"GET /events/stream?from=start HTTP/1.1\r\nHost: localhost\r\n\r\n"
    address = httpx2.URL(api)
    for cut in (1, 20, len(request) - 1, len(request)):
        with socket.create_connection((address.host, address.port or 80)) as gone:
            gone.sendall(request[:cut])
    with following(api) as follower:
        published(client, [event()])
        until(lambda: len(follower.events) == 1)


def test_readers_that_take_nothing_keep_nobody_from_catching_up(api: str, client: httpx2.Client) -> None:
    filler = {"filler": "x" * 100_000}
    for batch in range(4):
        published(client, [event(event_id=f"{batch}.{n}", payload=filler) for n in range(40)])
    stalled = [Stream(api, "?from=start", receive_bytes=4096) for _ in range(2 * catch_up.PAGES_AT_ONCE)]
    try:
        for each in stalled:
            each.open()
        quick = Stream(api, "?from=start").open()
        came = 0
        while came < 160:
            came += len(quick.take() or [])
        quick.close()
        assert all(each.socket.fileno() >= 0 for each in stalled)
    finally:
        for each in stalled:
            each.close()


def test_pages_that_nobody_takes_are_bounded(
    api: str, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "SENDING_BYTES_MAX", 1_000_000)
    filler = {"filler": "x" * 100_000}
    for batch in range(4):
        published(client, [event(event_id=f"{batch}.{n}", payload=filler) for n in range(40)])
    stalled = [Stream(api, "?from=start", receive_bytes=4096).open() for _ in range(6)]
    cut = 0
    for each in stalled:
        came = 0
        while came < 160:
            if (got := each.take()) is None:
                cut += 1
                break
            came += sum(message.kind == "message" for message in got)
        each.close()
    assert cut >= 3, "two pages have room"
