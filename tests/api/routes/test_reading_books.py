"""GET /stats, /metrics, /quarantine and the health routes."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx2
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from eventlog.statements import statement
from tests.support.api import running_api
from tests.support.deliveries import insert_behind_the_door
from tests.support.events import event
from tests.support.projecting import project_all
from tests.support.reading import published
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
FIELDS = [
    "received",
    "unique_processed",
    "duplicate_dropped",
    "conflicts",
    "quarantined",
    "pending",
    "topics",
    "by_topic",
    "queue_size",
    "workers",
    "uptime_seconds",
    "started_at",
    "version",
    "balanced",
]


def counts(client: httpx2.Client, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/stats{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish_some(client: httpx2.Client) -> None:
    """Publish 3 events of topic a, 2 of them again, one with another payload; and one of topic b."""
    events = [event(topic="a", event_id=name) for name in "xyz"]
    published(client, [*events, event(topic="b"), events[0], {**events[1], "payload": {"n": 2}}])


def test_the_books_say_what_became_of_every_delivery(client: httpx2.Client) -> None:
    publish_some(client)
    found = counts(client)
    assert list(found) == FIELDS
    assert [found[name] for name in FIELDS[:7]] == [6, 4, 2, 1, 0, 0, 2]
    assert found["by_topic"] == [
        {
            "topic": "a",
            "received": 5,
            "unique_processed": 3,
            "duplicate_dropped": 2,
            "conflicts": 1,
            "quarantined": 0,
        },
        {
            "topic": "b",
            "received": 1,
            "unique_processed": 1,
            "duplicate_dropped": 0,
            "conflicts": 0,
            "quarantined": 0,
        },
    ]
    assert found["balanced"] is True
    assert found["workers"] == 1
    assert type(found["uptime_seconds"]) is int
    datetime.fromisoformat(found["started_at"])


def test_an_empty_log_balances(client: httpx2.Client) -> None:
    found = counts(client)
    assert [found[name] for name in FIELDS[:7]] == [0] * 7
    assert (found["by_topic"], found["balanced"]) == ([], True)


def test_topics_can_be_chosen_and_the_totals_stay(client: httpx2.Client) -> None:
    publish_some(client)
    assert [row["topic"] for row in counts(client, "?topics=1")["by_topic"]] == ["a"]
    for pattern, listed in (("b", ["b"]), ("a*", ["a"]), ("*", ["a", "b"]), ("b.*", [])):
        chosen = counts(client, f"?topic={pattern}")
        assert [row["topic"] for row in chosen["by_topic"]] == listed
        assert (chosen["received"], chosen["topics"], chosen["balanced"]) == (6, 2, True)
    assert counts(client, "?topic=nothing")["by_topic"] == []
    assert client.get("/stats?topics=-1").status_code == 422
    assert client.get("/stats?topic=").status_code == 422


def test_pending_deliveries_are_in_the_books(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        client.post("/publish", json=[event(), event()])
        found = counts(client)
        assert (found["received"], found["pending"], found["workers"]) == (2, 2, 0)
        assert found["balanced"] is True
        metrics = client.get("/metrics").text
        assert "\neventlog_lag_deliveries 2.0\n" in metrics
        assert "\neventlog_lag_seconds 0.0\n" not in metrics


def test_each_partition_says_how_far_it_is_behind(database: str, connection: Connection) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        assert client.post("/publish", json=event(topic="late")).status_code == 202
        places = client.get("/projections/core").json()["partitions"]
        waiting = [place for place in places if place["lag_deliveries"]]
        assert [place["lag_deliveries"] for place in waiting] == [1]
        assert waiting[0]["lag_seconds"] > 0
        assert {place["lag_seconds"] for place in places if place not in waiting} == {0}
        connection.execute("UPDATE projections SET live_version = NULL")
        places = client.get("/projections/core").json()["partitions"]
    assert {(place["lag_deliveries"], place["lag_seconds"]) for place in places} == {(None, None)}


def test_the_books_survive_a_restart(database: str) -> None:
    found = []
    for attempt in range(2):
        with running_api(database) as url, httpx2.Client(base_url=url) as client:
            if attempt == 0:
                publish_some(client)
            found.append([counts(client)[name] for name in FIELDS[:8]])
    assert found[0] == found[1]


def test_books_that_do_not_add_up_are_not_called_balanced(client: httpx2.Client, superuser_dsn: str) -> None:
    publish_some(client)
    with psycopg.connect(superuser_dsn) as somebody:
        somebody.execute("DELETE FROM core_1.stats_deltas WHERE topic = 'b'")
    assert counts(client)["balanced"] is False
    assert "\neventlog_balanced 0.0\n" in client.get("/metrics").text


def test_a_dropped_projection_is_said_to_be_dropped(client: httpx2.Client, connection: Connection) -> None:
    publish_some(client)
    connection.execute("UPDATE projections SET live_version = NULL")
    for path in ("/stats", "/events", "/events?order=position", "/events/a/x", "/deliveries/0:1"):
        answer = client.get(path)
        if path == "/deliveries/0:1" and answer.status_code == 404:
            continue  # the partition has none
        assert (answer.status_code, answer.json()["code"]) == (503, "projection_dropped"), path
        assert answer.json()["retryable"] is True
        assert answer.headers["retry-after"]
    assert client.get("/readyz").status_code == 200
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["dropped"] == ["core", "timeline"]


def test_reads_go_on_after_another_version_goes_live(client: httpx2.Client, connection: Connection) -> None:
    publish_some(client)
    paths = [
        "/events",
        "/events?topic=a",
        "/events/a/x",
        "/stats",
        "/events?order=position",
        "/events?event_id=x",
    ]
    before = [client.get(path).json() for path in paths for _ in range(8)][::8]
    _go_live_again(connection)
    for path, expected in zip(paths, before, strict=True):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        if path != "/stats":
            assert answer.json() == expected


def _go_live_again(connection: Connection) -> None:
    """Make a copy of the core projection in another schema and point the views there."""
    from projections.projection import CORE

    tables = ("events", "duplicates", "conflicts", "stats_deltas")
    with connection.transaction():
        connection.execute("CREATE SCHEMA core_2")
        connection.execute(CORE.statement("tables.sql", "core_2"))
        for table in tables:
            connection.execute(
                sql.SQL("INSERT INTO core_2.{0} SELECT * FROM core_1.{0}").format(sql.Identifier(table))
            )
        connection.execute(CORE.statement("keys.sql", "core_2"))
        connection.execute(statement("versions/grant").format(schema=sql.Identifier("core_2")))
        connection.execute(CORE.statement("views.sql", "core_2"))
        connection.execute("DROP SCHEMA core_1 CASCADE")


def test_quarantine_is_listed_by_cause(database: str, connection: Connection) -> None:
    bad = [
        json.dumps(event(timestamp="no time")),
        json.dumps(event(payload=5)),
        json.dumps(event(payload=[])),
    ]
    insert_behind_the_door(connection, bad, topic="t")
    project_all(database)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        causes = [cause for cause in client.get("/quarantine").json() if cause["projection"] == "core"]
        assert [cause["deliveries"] for cause in causes] == [2, 1]
        assert all(cause["sqlstate"] and cause["cause"] and cause["first_at"] for cause in causes)
        assert len(causes[0]["latest"]) == 2
        assert client.get("/quarantine?topic=other").json() == []
        assert len(client.get("/quarantine?topic=t*").json()) == len(client.get("/quarantine").json())
        found = counts(client)
        assert (found["quarantined"], found["balanced"]) == (3, True)
        assert found["by_topic"][0]["quarantined"] == 3


def test_metrics_have_the_names_that_are_promised(client: httpx2.Client) -> None:
    publish_some(client)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    expected = {
        "eventlog_received_total": 6,
        "eventlog_unique_total": 4,
        "eventlog_duplicates_total": 2,
        "eventlog_conflicts_total": 1,
        "eventlog_quarantined": 0,
        "eventlog_lag_deliveries": 0,
        "eventlog_lag_seconds": 0,
        "eventlog_balanced": 1,
        "eventlog_up": 1,
    }
    assert {name: float(values[name]) for name in expected} == expected


# It may be behind, and was never verified.
VARYING = ("lag_deliveries", "lag_seconds", "unverified_seconds")


def test_metrics_tell_of_each_projection(client: httpx2.Client, connection: Connection) -> None:
    publish_some(client)
    connection.execute("UPDATE projections SET live_version = NULL WHERE name = 'core'")
    answer = client.get("/metrics")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    told = {name: value for name, value in values.items() if name.startswith("eventlog_projection_")}
    core, timeline = '{projection="core"}', '{projection="timeline"}'
    of_timeline = [f"eventlog_projection_{what}{timeline}" for what in VARYING]
    assert told == {
        f"eventlog_projection_live{core}": "0.0",
        f"eventlog_projection_live{timeline}": "1.0",
        f"eventlog_projection_quarantined{timeline}": "0.0",
        f"eventlog_projection_standing_still_seconds{timeline}": "0.0",
        **{name: told[name] for name in of_timeline},
    }


def test_probes_are_answered_while_all_other_sessions_are_taken(
    client: httpx2.Client, superuser_dsn: str
) -> None:
    with psycopg.connect(superuser_dsn) as somebody, ThreadPoolExecutor(12) as readers:
        somebody.execute("LOCK TABLE core_1.events")
        waiting = [readers.submit(client.get, "/events", timeout=60) for _ in range(12)]
        until(lambda: sum(each.done() for each in waiting) == 4, message="eight wait, four found no session")
        assert client.get("/readyz").status_code == 200
        assert client.get("/health").json()["status"] == "ok"
        somebody.rollback()
        assert sorted(each.result().status_code for each in waiting) == [200] * 8 + [503] * 4


def test_health_names_the_database_and_the_workers(client: httpx2.Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "queue": "ok"}
    assert client.get("/health").json() == {"status": "ok", "database": "ok", "queue": "ok", "workers": 1}


def test_without_workers_health_is_degraded_and_publishing_goes_on(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        answer = client.get("/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["workers"]) == (200, "degraded", 0)
        assert client.get("/readyz").status_code == 200


def test_without_its_database_the_service_says_so_and_comes_back(
    client: httpx2.Client, superuser_dsn: str, database_name: str
) -> None:
    publish_some(client)
    name = sql.Identifier(database_name)
    with psycopg.connect(
        superuser_dsn.replace(f"/{database_name}", "/postgres"), autocommit=True
    ) as somebody:
        somebody.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        somebody.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database_name]
        )
        for path in ("/events", "/stats", "/events/a/x", "/quarantine"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["retryable"]) == (503, True), path
            assert answer.headers["retry-after"]
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unavailable"
        assert health.json()["database"] != "ok"
        assert "\neventlog_up 0.0\n" in client.get("/metrics").text
        somebody.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        until(lambda: client.get("/readyz").status_code == 200, deadline_seconds=20)
        assert counts(client)["unique_processed"] == 4


def test_the_index_names_the_routes(client: httpx2.Client) -> None:
    index = client.get("/").json()
    assert index["name"] == "eventlog"
    for path in index["routes"].values():
        if "{" not in path and path not in ("publish", "sql"):
            # A stream has no end to wait for.
            with client.stream("GET", path) as answer:
                assert answer.status_code == 200, path
