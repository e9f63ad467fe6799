"""Quotas of keys over HTTP: refused by the head, told in headers, and exact over a day."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.keys import store
from eventlog.keys.quotas import Quotas
from tests.api.http.test_authentication import Closed, bearer, closed_service, id_of, known
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database
from tests.support.waiting import until

FAR_AWAY = 10**9


@pytest.fixture(scope="module")
def service(server: EmbeddedServer, template: str) -> Iterator[Closed]:
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        with closed_service(dsn) as (client, keys):
            yield client, keys, dsn


def limited(service: Closed, *scopes: str, **quotas: int) -> str:
    """Return a key with quotas, which the service knows."""
    client, keys, _ = service
    key = keys.make(*scopes, quotas=Quotas(**quotas))
    known(client, key)
    return key


def publish(client: httpx2.Client, key: str, count: int = 1, **more: Any) -> httpx2.Response:
    events = [event() for _ in range(count)]
    return client.post("/publish", json=events[0] if count == 1 else events, headers=bearer(key), **more)


def refusal(answer: httpx2.Response, quota: str) -> int:
    """Return in how many seconds to try again; it must be a refusal for this quota."""
    assert answer.status_code == 429, answer.text
    problem = answer.json()
    assert problem["code"] == "quota_exceeded"
    assert problem["retryable"]
    assert quota.replace("-", " ") in problem["detail"]
    assert f'"{quota}";q=' in answer.headers["ratelimit-policy"]
    assert f'"{quota}";r=0' in answer.headers["ratelimit"]
    return int(answer.headers["retry-after"])


def counted(service: Closed, key: str) -> tuple[int, int]:
    """Return what was counted of a key today, and what the log has of it."""
    _, keys, _ = service
    row = keys.connection.execute(
        "SELECT (SELECT coalesce(sum(events), 0)::int FROM key_days WHERE key_id = %(id)s),"
        " (SELECT count(*)::int FROM inbox WHERE publisher = %(id)s)",
        {"id": id_of(key)},
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("form", ["fast", "slow"])
def test_a_batch_is_taken_whole_and_then_paid_for(service: Closed, form: str) -> None:
    client, _, _ = service
    key = limited(service, "publish", events_per_second=10)
    headers = {"Prefer": "handling=strict"} if form == "slow" else {}
    taken = client.post("/publish", json=[event() for _ in range(500)], headers={**bearer(key), **headers})
    assert taken.status_code == 202
    assert taken.headers["ratelimit-policy"] == '"events-per-second";q=10;w=1'
    assert taken.headers["ratelimit"].startswith('"events-per-second";r=0;t=')
    again = client.post("/publish", json=event(), headers={**bearer(key), **headers})
    assert 40 <= refusal(again, "events-per-second") <= 50
    lenient = client.post("/publish", json=event(), headers={**bearer(key), "Prefer": "handling=lenient"})
    refusal(lenient, "events-per-second")


def test_what_is_too_much_is_refused_before_its_body_comes(service: Closed) -> None:
    client, _, _ = service
    key = limited(service, "publish", bytes_per_second=1_000)
    assert publish(client, key, 20).status_code == 202
    address = urlsplit(str(client.base_url))
    for further in ("", "Expect: 100-continue\r\n", "X-Request-Id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301\r\n"):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            head = (
                f"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{further}"
                f"Authorization: Bearer {key}\r\nContent-Length: 100000\r\n\r\n"
            )
            connection.sendall(head.encode())
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 429 "), answer
            assert b'"bytes-per-second";q=1000;w=1;qu="content-bytes"' in answer


def test_a_body_without_a_length_is_paid_for_afterwards(service: Closed) -> None:
    client, _, _ = service
    key = limited(service, "publish", bytes_per_second=100)
    parts = iter([json.dumps(event()).encode()] * 1)
    headers = {**bearer(key), "Content-Type": "application/json"}
    assert client.post("/publish", content=parts, headers=headers).status_code == 202
    refusal(publish(client, key), "bytes-per-second")


def test_a_quota_of_a_day_is_exact(service: Closed) -> None:
    client, keys, _ = service
    key = limited(service, "publish", events_per_day=30)
    answers = [publish(client, key).status_code for _ in range(20)]
    assert answers == [202] * 20
    assert publish(client, key, 9).status_code == 202
    assert publish(client, key, 5).status_code == 202  # the last one is taken whole
    assert publish(client, key).status_code == 429
    assert counted(service, key) == (34, 34)
    until(lambda: refusal(publish(client, key), "events-per-day") > 1)
    assert 0 < refusal(publish(client, key), "events-per-day") <= 86_400
    until(
        lambda: (
            keys.connection.execute(
                "SELECT count(*) FROM key_days WHERE key_id = %s", [id_of(key)]
            ).fetchone()
            == (1,)
        )
    )
    assert counted(service, key) == (34, 34)
    store.limit(keys.connection, id_of(key), Quotas(events_per_day=40))
    until(lambda: publish(client, key, 6).status_code == 202)
    assert publish(client, key).status_code == 429
    assert counted(service, key) == (40, 40)


def test_a_quota_that_comes_in_the_middle_of_a_day_counts_all_of_it(service: Closed) -> None:
    client, keys, _ = service
    key = limited(service, "publish")
    assert "ratelimit" not in publish(client, key, 50).headers
    assert counted(service, key) == (0, 50)
    store.limit(keys.connection, id_of(key), Quotas(events_per_day=60))
    until(lambda: "ratelimit" in publish(client, key).headers)
    assert publish(client, key, 10).status_code == 202
    until(lambda: len(set(counted(service, key))) == 1)
    assert counted(service, key)[0] > 60
    until(lambda: publish(client, key).status_code == 429)


def test_so_many_streams_are_open_and_no_more(service: Closed) -> None:
    client, _, _ = service
    key = limited(service, "subscribe", "metrics", streams=1)
    with client.stream("GET", "/events/stream", headers=bearer(key)) as first:
        assert first.status_code == 200
        refused = client.get("/events/stream", headers=bearer(key))
        assert refusal(refused, "streams") == 5
        assert '"streams";q=1;qu="concurrent-requests"' in refused.headers["ratelimit-policy"]
    metric = 'eventlog_quota_exceeded_total{quota="streams"} '
    assert f"{metric}0.0" not in client.get("/metrics", headers=bearer(key)).text

    def opens() -> bool:
        with client.stream("GET", "/events/stream", headers=bearer(key)) as again:
            return again.status_code == 200

    until(opens)


def test_seconds_of_statements_run_out(service: Closed) -> None:
    client, _, _ = service
    key = limited(service, "sql", sql_seconds_per_hour=1)
    asked = {"sql": "SELECT count(*) FROM generate_series(1, 5000000) AS n, generate_series(1, 3)"}
    until(lambda: client.post("/sql", json=asked, headers=bearer(key)).status_code == 429)
    assert refusal(client.post("/sql", json=asked, headers=bearer(key)), "sql-seconds-per-hour") > 1


def test_who_is_not_known_is_told_nothing_of_quotas(service: Closed) -> None:
    client, keys, _ = service
    key = limited(service, "publish", events_per_second=1)
    assert publish(client, key, 100).status_code == 202
    cut = publish(client, f"{key[:-8]}{'0' * 8}")
    assert cut.status_code == 401
    assert not [name for name in cut.headers if name.startswith("ratelimit")]
    keys.state(key, "revoked")
    until(lambda: publish(client, key).status_code == 401)
    assert "ratelimit" not in publish(client, key).headers


def test_to_observe_refuses_nobody_and_counts(database: str) -> None:
    with closed_service(database, "observe") as (client, keys):
        key = keys.make("publish", quotas=Quotas(events_per_second=1))
        none = 'eventlog_quota_exceeded_total{quota="events_per_second"} 0.0'

        def is_counted() -> bool:
            return publish(client, key, 5).status_code == 202 and none not in client.get("/metrics").text

        until(is_counted)
        assert publish(client, key, 5).status_code == 202
