"""GET /events/stream: what it carries, and how one goes on reading it."""

import json

import httpx2
import pytest

from tests.support.events import event
from tests.support.reading import at_second, published, wrong_parameters
from tests.support.streaming import NDJSON, Message, Stream, following, topics
from tests.support.waiting import until


def test_events_come_as_get_events_has_them(api: str, client: httpx2.Client) -> None:
    with following(api) as follower:
        published(client, [at_second(1), at_second(2, topic="another")])
        until(lambda: len(follower.events) == 2)
    listed = {row["event_id"]: row for row in client.get("/events").json()}
    for message in follower.messages:
        assert message.kind == "message"
        assert message.event == listed[message.event["event_id"]]


def test_the_first_bytes_come_at_once_and_say_when_and_where_to_go_on(api: str) -> None:
    stream = Stream(api).open()
    assert stream.status == 200
    stream.close()
    with httpx2.stream("GET", f"{api}/events/stream") as answer:
        assert next(answer.iter_text()) == f"retry: 1000\nevent: place\nid: {stream.id}\ndata: {{}}\n\n"


@pytest.mark.parametrize("path", ["/events/stream", "/events"])
def test_nobody_between_may_collect_or_compress_a_stream(path: str, client: httpx2.Client) -> None:
    with client.stream("GET", path, headers={"Accept": NDJSON}) as answer:
        assert "no-transform" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "identity"
        assert answer.headers["x-accel-buffering"] == "no"


def test_topics_prefixes_and_sources_are_chosen_and_nothing_else_comes(
    api: str, client: httpx2.Client
) -> None:
    with (
        following(api, topics("a.b")) as exact,
        following(api, topics("a.*")) as prefix,
        following(api, topics("a.*", "a.b", "c")) as several,
        following(api, topics("a.*") + "&source=till") as of_source,
        following(api, "?source=till") as anything_of_source,
    ):
        sent = [event(topic=topic, event_id=topic) for topic in ("a", "a.b", "a.c", "ab", "c", "c.d")]
        sent += [event(topic=topic, event_id="till", source="till") for topic in ("a.b", "z")]
        published(
            client,
            [*sent, event(topic="a.b", event_id="last", source="till"), event(topic="c", event_id="last")],
        )
        published(client, [event(topic="z", event_id="end", source="till")])
        until(lambda: len(anything_of_source.events) == 4)
        until(lambda: len(several.events) == 6)

        def keys(follower: object) -> set[tuple[str, str]]:
            return {(row["topic"], row["event_id"]) for row in follower.events}  # type: ignore[attr-defined]

        a_b = {("a.b", "a.b"), ("a.b", "till"), ("a.b", "last")}
        until(lambda: keys(exact) == a_b)
        until(lambda: keys(prefix) == a_b | {("a.c", "a.c")})
        assert keys(several) == a_b | {("a.c", "a.c"), ("c", "c"), ("c", "last")}
        until(lambda: keys(of_source) == {("a.b", "till"), ("a.b", "last")})
        for follower in (exact, prefix, several, of_source, anything_of_source):
            assert len(follower.places) == len(set(follower.places))


def test_the_last_id_goes_on_right_after_it(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(second, topic=f"t.{second % 7}") for second in range(40)])
    stream = Stream(api, "?from=start")
    messages: list[Message] = []
    while len(messages) < 40:
        messages += stream.take() or []
    stream.close()
    for index in (0, 7, 39):
        published(client, [at_second(100 + index)])
        resumed = Stream(api, last_id=messages[index].id)
        rest: list[Message] = []
        while not rest or rest[-1].event["event_id"] != at_second(100 + index)["event_id"]:
            rest += resumed.take() or []
        resumed.close()
        expected = {row.event["event_id"] for row in messages[index + 1 :]}
        assert {row.event["event_id"] for row in rest} >= expected
        assert not {row.event["event_id"] for row in rest} & {
            row.event["event_id"] for row in messages[: index + 1]
        }


@pytest.mark.parametrize("name", ["cursor", "last_event_id"])
def test_the_place_may_be_a_parameter_and_is_one_of_get_events(
    name: str, api: str, client: httpx2.Client
) -> None:
    published(client, [at_second(second, topic="a") for second in range(5)])
    page = client.get("/events?order=position&topic=a&limit=3")
    place = page.headers["eventlog-cursor"]
    stream = Stream(api, f"?topic=a&{name}={place}")
    rest: list[Message] = []
    while len(rest) < 2:
        rest += stream.take() or []
    stream.close()
    assert [message.event["event_id"] for message in rest] == ["e0003", "e0004"]
    following_page = client.get(f"/events?order=position&topic=a&cursor={rest[0].id}")
    assert [row["event_id"] for row in following_page.json()] == ["e0004"]


def test_lines_have_the_place_as_their_last_member(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(1, topic="a"), at_second(2, topic="a")])
    with client.stream("GET", "/events/stream?topic=a&from=start", headers={"Accept": NDJSON}) as answer:
        assert answer.headers["content-type"] == NDJSON
        lines = answer.iter_lines()
        opening, first, second = (json.loads(next(lines)) for _ in range(3))
    assert list(opening) == ["cursor"]
    assert list(first)[-1] == "cursor"
    assert {**first, "cursor": None} == {**client.get("/events?topic=a").json()[0], "cursor": None}
    with client.stream(
        "GET", f"/events/stream?topic=a&cursor={first['cursor']}", headers={"Accept": NDJSON}
    ) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines)) == {"cursor": first["cursor"]}
        assert json.loads(next(lines)) == second


@pytest.mark.parametrize("last_id", ["nonsense", "kw", "%00", "x" * 4000])
def test_an_id_that_is_none_is_refused(last_id: str, client: httpx2.Client) -> None:
    assert wrong_parameters(client.get("/events/stream", headers={"Last-Event-ID": last_id})) == [
        "/Last-Event-ID"
    ]
    assert wrong_parameters(client.get(f"/events/stream?cursor={last_id}")) == ["/cursor"]


def test_an_id_of_other_topics_is_refused(api: str, client: httpx2.Client) -> None:
    stream = Stream(api).open()
    stream.close()
    refused = client.get("/events/stream?topic=a", headers={"Last-Event-ID": stream.id})
    assert wrong_parameters(refused) == ["/Last-Event-ID"]


def test_wrong_parameters_and_methods_are_refused(client: httpx2.Client) -> None:
    assert wrong_parameters(client.get("/events/stream?topic=a*b")) == ["/topic"]
    assert wrong_parameters(client.get("/events/stream?from=yesterday")) == ["/from"]
    # What a script says whose variable is empty. It would go on from now, and miss events.
    assert wrong_parameters(client.get("/events/stream?cursor=")) == ["/cursor"]
    assert wrong_parameters(client.get("/events/stream?since=2025-10-21T10:00:00Z")) == ["/since"]
    assert wrong_parameters(client.get("/events/stream?source=a&source=b")) == ["/source"]
    assert wrong_parameters(client.get("/events/stream" + topics(*(str(n) for n in range(33))))) == ["/topic"]
    answer = client.post("/events/stream", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
