"""What /metrics tells of requests, of the writer's commits, and of keys."""

import httpx2
import pytest

from api.http import traffic as traffic_module
from eventlog.distribution import Distribution
from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import connect
from tests.support.api import running_api
from tests.support.events import event
from tests.support.waiting import until

ONE_KIND = 'eventlog_requests_total{method="%s",route="%s",status="%d"}'


def metrics_of(client: httpx2.Client) -> dict[str, float]:
    text = client.get("/metrics").text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_are_counted_by_route_method_and_status(client: httpx2.Client) -> None:
    before = metrics_of(client)
    client.post("/publish", json=event(topic="m.a", event_id="1"))
    client.post("/publish", json=event(topic="m.a", event_id="2"), headers={"prefer": "wait=5"})
    client.post("/publish/batch", json=[event(topic="m.a", event_id="3")])
    client.post("/publish", json={"nothing": 1})
    for number in range(5):
        client.get(f"/deliveries/0:{10**6 + number}")
        client.get(f"/nowhere/{number}")
    client.request("PURGE", "/stats")
    after = metrics_of(client)

    def counted(method: str, route: str, status: int) -> float:
        name = ONE_KIND % (method, route, status)
        return after.get(name, 0) - before.get(name, 0)

    assert counted("POST", "/publish", 202) == 2
    assert counted("POST", "/publish", 200) == 1
    assert counted("POST", "/publish", 422) == 1
    assert counted("GET", "/deliveries/{delivery}", 404) == 5
    assert counted("GET", "other", 404) == 5
    assert not [name for name in after if "nowhere" in name or "1000000" in name or "PURGE" in name]


def test_latency_is_told_by_route(client: httpx2.Client) -> None:
    before = metrics_of(client)
    for number in range(3):
        client.post("/publish", json=event(topic="m.b", event_id=str(number)))
    after = metrics_of(client)
    for suffix, least in (("count", 3), ("sum", 1e-6), ('bucket{le="+Inf",route="/publish"}', 3)):
        name = "eventlog_request_seconds_" + (suffix if "{" in suffix else suffix + '{route="/publish"}')
        assert after[name] - before.get(name, 0) >= least
    buckets = [
        value
        for name, value in after.items()
        if name.startswith("eventlog_request_seconds_bucket") and 'route="/publish"' in name
    ]
    assert buckets == sorted(buckets)


def test_commits_and_bytes_are_told(client: httpx2.Client) -> None:
    before = metrics_of(client)
    batch = [event(topic="m.c", event_id=str(number)) for number in range(50)]
    assert client.post("/publish", json=batch).status_code == 202
    # The flush is counted when its answers are on their way.
    until(lambda: metrics_of(client)["eventlog_flush_events_sum"] >= before["eventlog_flush_events_sum"] + 50)
    after = metrics_of(client)
    assert after["eventlog_flush_seconds_count"] > before["eventlog_flush_seconds_count"]
    assert after["eventlog_flush_seconds_sum"] > before["eventlog_flush_seconds_sum"]
    assert after["eventlog_received_bytes_total"] - before["eventlog_received_bytes_total"] > 50 * 100
    assert after["eventlog_stream_waiting_bytes"] == 0


def test_keys_have_series_up_to_a_number(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_module, "KEYS_SHOWN_MAX", 2)
    monkeypatch.setattr(traffic_module.traffic, "of_keys", {})
    with connect(database, "owner", "keys") as connection:
        keys = [
            store.create(connection, f"key {number}", read_scopes(["publish", "metrics"]), created_by="test")
            for number in range(4)
        ]
    with (
        running_api(database, workers=0, auth="required") as url,
        httpx2.Client(base_url=url, timeout=15) as client,
    ):
        for key in keys:
            shown = {"authorization": f"Bearer {key.key}"}
            until(lambda shown=shown: client.get("/metrics", headers=shown).status_code == 200)  # type: ignore[misc]
            for headers in (shown, {**shown, "prefer": "handling=lenient"}):
                one = event(topic="m.d", event_id=key.id + str(len(headers)))
                assert client.post("/publish", json=one, headers=headers).status_code == 202
        client.headers["authorization"] = f"Bearer {keys[0].key}"
        found = metrics_of(client)
    assert [found[f'eventlog_key_events_total{{key="{key.id}"}}'] for key in keys[:2]] == [2, 2]
    assert found['eventlog_key_events_total{key="other"}'] == 4
    assert found[f'eventlog_key_requests_total{{key="{keys[1].id}"}}'] >= 3
    assert not [name for name in found if keys[3].id in name]


def test_a_distribution_counts_what_is_at_most_each_bound() -> None:
    spread = Distribution((1, 10))
    for value in (0.5, 1, 2, 10, 11):
        spread.add(value)
    assert spread.buckets() == [("1", 2), ("10", 4), ("+Inf", 5)]
    assert spread.total == 24.5
