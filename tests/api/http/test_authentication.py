"""Who may do what over HTTP: the matrix of routes, scopes and states of keys."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any

import httpx2
import psycopg
import pytest

from api.app import READING
from api.http.permissions import Permission, permission_for
from eventlog.embedded import EmbeddedServer
from eventlog.keys import store
from eventlog.keys.form import make_key
from eventlog.keys.scopes import ABOUT_TOPICS, VERBS, read_scopes
from eventlog.keys.spans import read_span
from eventlog.sessions.database import connect
from tests.support.api import running_api
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database
from tests.support.projecting import project_all
from tests.support.waiting import until

Closed = tuple["httpx2.Client", "Keys", str]
CHALLENGE = 'Bearer realm="eventlog"'


class Keys:
    """Makes and changes keys of one database."""

    def __init__(self, dsn: str) -> None:
        self.connection = connect(dsn, "owner", "keys")

    def make(self, *scopes: str, **more: Any) -> str:
        return store.create(self.connection, "test", read_scopes(scopes), created_by="cli", **more).key

    def state(self, key: str, state: store.State) -> None:
        store.set_state(self.connection, id_of(key), state)

    def rotate(self, key: str, overlap: str) -> str:
        return store.rotate(self.connection, id_of(key), read_span(overlap)).key


def id_of(key: str) -> str:
    return key.split("_")[1]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def closed_service(dsn: str, auth: str = "required") -> Iterator[tuple[httpx2.Client, Keys]]:
    keys = Keys(dsn)
    with running_api(dsn, workers=0, auth=auth) as url, httpx2.Client(base_url=url, timeout=15) as client:
        yield client, keys
    keys.connection.close()


@pytest.fixture(scope="module")
def service(server: EmbeddedServer, template: str) -> Iterator[Closed]:
    """Serve a log with events of the topics order.a and log.a, for who has a key."""
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        with closed_service(dsn) as (client, keys):
            key = keys.make("publish")
            for topic in ("order.a", "log.a"):
                known(client, key)
                answer = client.post("/publish", json=event(topic=topic, event_id="e1"), headers=bearer(key))
                assert answer.status_code == 202, answer.text
            project_all(dsn)
            yield client, keys, dsn


def known(client: httpx2.Client, key: str) -> None:
    """Wait until the service knows a key as it is now."""
    until(lambda: client.get("/metrics", headers=bearer(key)).status_code != 401)


def routes() -> list[tuple[str, str]]:
    """Return every method and path that the service answers, parameters filled in."""
    filled = {"topic": "order.a", "event_id": "e1", "delivery": "0:1", "name": "nothing"}
    found = [
        ("POST", "/publish"),
        ("POST", "/publish/batch"),
        ("GET", "/events/stream"),
        ("GET", "/openapi.json"),
    ]
    for module in READING:
        for route in import_module(f"api.routes.{module}").router.routes:
            path = re.sub(r"\{(\w+)(:path)?\}", lambda name: filled.get(name[1], "x"), route.path)
            found += [(method, path) for method in sorted(route.methods)]
    return sorted(set(found))


def test_each_route_says_whom_it_is_for() -> None:
    assert [(method, path) for method, path in routes() if permission_for(method, path) is None] == []


@pytest.mark.parametrize(
    "path", ["/eventsx", "/sql/other", "/metrics/all", "/keys2", "/console", "/publish/x", "//"]
)
def test_what_is_no_route_is_for_nobody(path: str) -> None:
    permission = permission_for("POST", path)
    assert permission is None


def ask(client: httpx2.Client, method: str, path: str, headers: dict[str, str]) -> httpx2.Response:
    """Ask for a route, of a stream for its head alone."""
    return client.request("HEAD" if path == "/events/stream" else method, path, headers=headers)


def needed(method: str, path: str) -> Permission:
    permission = permission_for(method, path)
    assert permission is not None
    return permission


@pytest.mark.parametrize("scope", [*VERBS, *(f"{verb}:order.*" for verb in ABOUT_TOPICS)])
def test_a_scope_opens_its_routes_and_no_others(service: Closed, scope: str) -> None:
    client, keys, _ = service
    key = keys.make(scope)
    known(client, key)
    verb, _, pattern = scope.partition(":")
    for method, path in routes():
        permission = needed(method, path)
        answer = ask(client, method, path, bearer(key))
        is_open = verb in permission.verbs and not (pattern and permission.of_all)
        if permission.is_public or is_open:
            assert answer.status_code not in (401, 403) or "scope" not in answer.text, (
                method,
                path,
                answer.text,
            )
        else:
            assert answer.status_code == 403, (method, path)
            if method != "HEAD" and path != "/events/stream":
                assert answer.json()["code"] == "scope"


def test_a_method_that_a_route_has_not_is_told_as_everywhere(service: Closed) -> None:
    client, keys, _ = service
    key = keys.make("publish")
    known(client, key)
    for path, allow in (
        ("/publish", "POST"),
        ("/events", "GET, HEAD"),
        ("/operations/x", "GET, HEAD, DELETE"),
    ):
        answer = client.put(path, headers=bearer(key))
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allow
    assert client.put("/nowhere", headers=bearer(key)).status_code == 404
    assert client.put("/publish").status_code == 401


def test_a_probe_may_ask_for_the_methods_without_a_key(service: Closed) -> None:
    client, _, _ = service
    for path in ("/", "/livez", "/publish"):
        assert client.request("OPTIONS", path).status_code == 204


def wrong_keys(keys: Keys) -> dict[str, tuple[dict[str, str], int, str]]:
    revoked, suspended = keys.make(*VERBS), keys.make(*VERBS)
    keys.state(revoked, "revoked")
    keys.state(suspended, "suspended")
    good = keys.make(*VERBS)
    other = good.split("_")
    secret = keys.make(*VERBS).split("_")[2]
    return {
        "none": ({}, 401, "unauthorized"),
        "no key": ({"Authorization": "Bearer sesame"}, 401, "unauthorized"),
        "another scheme": ({"Authorization": f"Digest {good}"}, 401, "unauthorized"),
        "cut": (bearer(good[:-1]), 401, "unauthorized"),
        "of a wrong secret": (bearer("_".join([*other[:2], secret, other[3]])), 401, "unauthorized"),
        "unknown": (bearer(make_key("0123456789")[0]), 401, "unauthorized"),
        "revoked": (bearer(revoked), 401, "key_revoked"),
        "suspended": (bearer(suspended), 503, "key_suspended"),
    }


def test_who_has_no_good_key_gets_nothing_and_learns_nothing(
    service: Closed,
) -> None:
    client, keys, _ = service
    wrong = wrong_keys(keys)
    last = keys.make(*VERBS)
    known(client, last)
    for kind, (headers, status, code) in wrong.items():
        for method, path in routes():
            answer = ask(client, method, path, headers)
            if needed(method, path).is_public:
                assert answer.status_code not in (401, 403), (kind, method, path)
                continue
            assert answer.status_code == status, (kind, method, path)
            if method != "HEAD" and path != "/events/stream":
                assert answer.json()["code"] == code, (kind, method, path)
            if status == 401:
                assert answer.headers["www-authenticate"] == CHALLENGE
            else:
                assert int(answer.headers["retry-after"]) > 0


def test_an_unknown_id_and_a_wrong_secret_are_answered_alike(
    service: Closed,
) -> None:
    client, keys, _ = service
    key = keys.make("read")
    known(client, key)
    made, _ = make_key(id_of(key))
    answers = [client.get("/stats", headers=bearer(each)) for each in (made, make_key("0123456789")[0])]
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert bodies[0] == bodies[1]
    varying = {"date", "x-request-id"}
    headers = [{n: v for n, v in answer.headers.items() if n not in varying} for answer in answers]
    assert headers[0] == headers[1]


def test_basic_carries_a_key_as_its_password(service: Closed) -> None:
    client, keys, _ = service
    key = keys.make("read")
    known(client, key)
    assert client.get("/events", auth=("whoever", key)).status_code == 200
    assert client.get("/events", auth=("whoever", f"{key}x")).status_code == 401
    for broken in ("Basic", "Basic %%%", f"Basic {base64.b64encode(key.encode()).decode()}", f"basic  {key}"):
        assert client.get("/events", headers={"Authorization": broken}).status_code == 401
    twice = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    assert client.get("/events", headers=twice).status_code == 401


@pytest.mark.parametrize("pattern", ["order.*", "order.a"])
def test_a_key_sees_its_topics_and_nothing_of_others(service: Closed, pattern: str) -> None:
    client, keys, dsn = service
    key = keys.make(f"read:{pattern}")
    known(client, key)

    def got(path: str) -> Any:
        answer = client.get(path, headers=bearer(key))
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert {found["topic"] for found in got("/events")} == {"order.a"}
    assert {found["topic"] for found in got("/events?order=position")} == {"order.a"}
    assert {found["topic"] for found in got("/events?topic=*")} == {"order.a"}
    assert got("/events?topic=log.a") == got("/events?topic=log.*") == got("/events?topic=nowhere") == 403
    assert got("/events/order.a/e1")["topic"] == "order.a"
    assert got("/events/log.a/e1") == got("/events/nowhere/e1") == 403
    assert {found["topic"] for found in got("/stats")["by_topic"]} == {"order.a"}
    assert "received" not in got("/stats")
    assert {found["topic"] for found in got("/timeline")["counts"]} == {"order.a"}
    assert got("/timeline?topic=log.a") == got("/quarantine?topic=log.a") == got("/stats?topic=log.a") == 403
    assert got("/deliveries?topic=log.a&event_id=e1") == 403
    assert len(got("/deliveries?topic=order.a&event_id=e1")) == 1
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT topic, partition || ':' || position FROM inbox").fetchall()
    assert {topic: got(f"/deliveries/{place}") for topic, place in rows}["log.a"] == 404
    assert {topic: got(f"/deliveries/{place}")["topic"] for topic, place in rows if topic == "order.a"}
    lines = client.get("/events", headers={**bearer(key), "Accept": "application/x-ndjson"}).text.splitlines()
    assert {json.loads(line)["topic"] for line in lines} == {"order.a"}


def test_who_reads_several_topics_names_one(service: Closed) -> None:
    client, keys, _ = service
    key = keys.make("read:order.*", "read:log.*")
    known(client, key)
    answer = client.get("/events", headers=bearer(key))
    assert answer.status_code == 403
    assert "?topic=" in answer.json()["detail"]
    for topic in ("order.*", "log.a"):
        assert client.get(f"/events?topic={topic}", headers=bearer(key)).status_code == 200


@pytest.mark.parametrize("body", ["array", "envelope", "one", "ndjson"])
def test_a_key_publishes_to_its_topics_alone(service: Closed, body: str) -> None:
    client, keys, _ = service
    key = keys.make("publish:order.*", source="till")
    known(client, key)
    good, other = event(topic="order.a", source="till"), event(topic="log.a", source="shop")
    sent: Any = {"array": [good, other], "envelope": {"events": [good, other]}, "one": other}.get(body)
    if body == "ndjson":
        headers = {**bearer(key), "Content-Type": "application/x-ndjson"}
        text = "\n" + json.dumps(good) + "\n" + json.dumps(other)
        answer = client.post("/publish", content=text, headers=headers)
    else:
        answer = client.post("/publish", json=sent, headers=bearer(key))
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["code"] == "scope"
    base = {"array": "/1", "envelope": "/events/1", "one": "", "ndjson": "/2"}[body]
    assert [fault["pointer"] for fault in problem["errors"]] == [f"{base}/topic", f"{base}/source"]
    lenient = client.post(
        "/publish", json=[good, other], headers={**bearer(key), "Prefer": "handling=lenient"}
    )
    assert lenient.status_code == 202
    assert lenient.json()["accepted"] == 1
    assert {fault["code"] for fault in lenient.json()["rejected"]} == {"scope"}


def test_a_delivery_says_which_key_it_came_with(service: Closed) -> None:
    client, keys, dsn = service
    key = keys.make("publish", "read")
    known(client, key)
    for number in range(5):  # the second and later ones go the fast path
        answer = client.post("/publish", json=event(topic="who", event_id=f"{number}"), headers=bearer(key))
        assert answer.status_code == 202
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT DISTINCT publisher FROM inbox WHERE topic = 'who'").fetchall()
    assert rows == [(id_of(key),)]
    one = client.get("/deliveries?topic=who&event_id=1", headers=bearer(key)).json()
    assert [copy["publisher"] for copy in one] == [id_of(key)]
    place = client.get(f"/deliveries/{one[0]['delivery']}", headers=bearer(key)).json()
    assert place["publisher"] == id_of(key)


def test_a_change_holds_on_open_connections_and_streams(service: Closed) -> None:
    client, keys, _ = service
    key = keys.make("publish", "subscribe:order.*")
    known(client, key)
    asking = {**bearer(key), "Accept": "application/x-ndjson"}
    with client.stream("GET", "/events/stream?from=start", headers=asking) as stream:
        lines = stream.iter_lines()
        topics = [json.loads(line).get("topic") for line in islice(lines, 2)]
        assert topics == [None, "order.a"]
        assert client.post("/publish", json=event(topic="kept"), headers=bearer(key)).status_code == 202
        keys.state(key, "revoked")
        until(
            lambda: client.post("/publish", json=event(topic="kept"), headers=bearer(key)).status_code == 401
        )
        assert not [line for line in lines if "topic" in line]


def test_who_has_a_key_may_name_any_host_and_origin(service: Closed) -> None:
    client, keys, _ = service
    key = keys.make("publish")
    known(client, key)
    foreign = {"Host": "log.example", "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert (
        client.post("/publish", json=event(topic="far"), headers={**foreign, **bearer(key)}).status_code
        == 202
    )
    assert client.post("/publish", json=event(topic="far"), headers=foreign).status_code == 401
    assert client.get("/", headers=foreign).status_code == 421


def test_the_secret_before_holds_for_the_overlap_alone(service: Closed) -> None:
    client, keys, _ = service
    first = keys.make("read")
    second = keys.rotate(first, "30m")
    known(client, second)
    assert client.get("/events", headers=bearer(first)).status_code == 200
    third = keys.rotate(first, "0s")
    known(client, third)
    assert client.get("/events", headers=bearer(first)).status_code == 401
    assert client.get("/events", headers=bearer(second)).status_code == 401


def test_an_expired_key_is_refused_by_name(database: str) -> None:
    with closed_service(database) as (client, keys):
        key = keys.make("publish", "read")
        known(client, key)
        keys.connection.execute("UPDATE keys SET expires_at = now() + '1 s'")
        assert client.post("/publish", json=event(), headers=bearer(key)).status_code == 202
        until(lambda: client.post("/publish", json=event(), headers=bearer(key)).status_code == 401)
        assert client.get("/events", headers=bearer(key)).json()["code"] == "key_expired"


def test_to_observe_lets_everybody_in_and_counts_who_would_not_be(database: str) -> None:
    with closed_service(database, "observe") as (client, keys):
        key = keys.make("publish:order.*")
        until(lambda: 'eventlog_auth_total{outcome="accepted"} 0.0' not in _published(client, key))
        assert client.post("/publish", json=event(topic="log.a")).status_code == 202
        assert client.post("/publish", json=event(topic="log.b"), headers=bearer("evl_x")).status_code == 202
        assert client.get("/events", headers=bearer(key)).status_code == 200
        metrics = client.get("/metrics").text
        for outcome in ("missing", "wrong", "scope"):
            assert f'eventlog_auth_total{{outcome="{outcome}"}} 0.0' not in metrics


def beyond(client: httpx2.Client) -> float:
    found = re.search(r'eventlog_auth_total\{outcome="scope"\} ([0-9.e+]+)', client.get("/metrics").text)
    assert found is not None
    return float(found[1])


def test_to_observe_counts_what_is_beyond_the_topics_of_a_key(database: str) -> None:
    with closed_service(database, "observe") as (client, keys):
        key = keys.make("publish:order.*", "read:order.*", "subscribe:order.*", source="till")
        until(lambda: 'eventlog_auth_total{outcome="accepted"} 0.0' not in _published(client, key))
        headers = bearer(key)
        good, other = event(topic="order.a", source="till"), event(topic="log.a", source="till")
        odd = json.dumps(other).replace("log.a", "log\\u002ea")

        def counted(send: Callable[[], httpx2.Response], status: int = 202) -> float:
            before = beyond(client)
            assert send().status_code == status
            return beyond(client) - before

        for _ in range(3):  # the later ones go the fast path
            assert counted(lambda: client.post("/publish", json=good, headers=headers)) == 0
            assert counted(lambda: client.post("/publish", json=other, headers=headers)) == 1
        assert counted(lambda: client.post("/publish", json=[other, other, good], headers=headers)) == 1
        foreign = event(topic="order.a", source="shop")
        assert counted(lambda: client.post("/publish", json=foreign, headers=headers)) == 1
        lines = {**headers, "Content-Type": "application/x-ndjson"}
        assert counted(lambda: client.post("/publish", content=f"{odd}\n{odd}", headers=lines)) == 1
        assert counted(lambda: client.get("/events?topic=log.a", headers=headers), 200) == 1
        assert counted(lambda: client.get("/events?topic=order.a", headers=headers), 200) == 0
        assert counted(lambda: client.get("/deliveries?topic=log.a&event_id=1", headers=headers), 200) == 1
        assert counted(lambda: client.head("/events/stream?topic=log.a", headers=headers), 200) == 1


def _published(client: httpx2.Client, key: str) -> str:
    assert client.post("/publish", json=event(topic="order.a"), headers=bearer(key)).status_code == 202
    return client.get("/metrics").text


def test_where_keys_cannot_be_read_nobody_is_known(database: str) -> None:
    with closed_service(database) as (client, keys):
        key = keys.make("read")
        known(client, key)
        with keys.connection.transaction():
            keys.connection.execute("LOCK TABLE key_changes")
            until(lambda: client.get("/events", headers=bearer(key)).status_code == 503)
            answer = client.get("/events", headers=bearer(key))
            assert answer.json()["code"] == "keys_unknown"
            assert answer.headers["retry-after"] == "1"
        until(lambda: client.get("/events", headers=bearer(key)).status_code == 200)
