"""GET /events/stream under load: whatever ends a connection, who comes back misses and repeats nothing."""

import random
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.live import hub
from projections.drop import drop
from projections.projection import CORE
from projections.rebuilding.rebuild import rebuild
from tests.support.api import running_api
from tests.support.events import event
from tests.support.projecting import lag
from tests.support.reading import at_second, published
from tests.support.sessions import terminate
from tests.support.streaming import (
    Stream,
    assert_complete,
    by_partition,
    following,
    places_in_log,
    publishing,
)
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

SESSION = "eventlog stream"


def test_a_connection_cut_at_any_byte_goes_on_after_the_last_whole_event(
    api: str, client: httpx2.Client, database: str
) -> None:
    published(client, [at_second(second, topic=f"t.{second % 5}") for second in range(60)])
    expected = places_in_log(database)
    chance = random.Random(7)
    place, cuts = "", 0
    places: list[tuple[int, int]] = []
    while sum(map(len, expected.values())) > len(places):
        stream = Stream(api, "?from=start", last_id=place)
        left = chance.randint(1, 2500)
        while left > 0 and sum(map(len, expected.values())) > len(places):
            came = [message.event for message in stream.take(min(left, 97)) or []]
            places += [(event["partition"], event["position"]) for event in came]
            left -= 97
        place = stream.id or place
        stream.close()
        cuts += 1
    assert by_partition(places) == expected
    assert cuts > 10


def test_readers_that_catch_up_meet_the_live_ones_under_load(api: str, database: str) -> None:
    with following(api) as from_the_first, publishing(api) as load:
        until(lambda: load.published > 500)
        with following(api, "?from=start") as one, following(api, "?from=start&topic=t.*") as another:
            until(lambda: load.published > 1_500)
            one.cut()
            with following(api, "?from=start") as late:
                until(lambda: load.published > 2_500)
                late.cut()
                until(lambda: load.published > 3_000)
                load.__exit__()
                for follower in (from_the_first, one, another, late):
                    assert_complete(follower, database)
                assert one.connections > 1


def test_another_version_going_live_repeats_and_leaves_out_nothing(api: str, database: str) -> None:
    with following(api) as live, publishing(api) as load:
        until(lambda: load.published > 200)
        with following(api, "?from=start") as late:
            for _ in range(2):
                rebuild(database, CORE)
                late.cut()
                before = load.published
                until(lambda before=before: load.published > before + 200)  # type: ignore[misc]
            load.__exit__()
            for follower in (live, late):
                assert_complete(follower, database)
                assert {message.kind for message in follower.messages} == {"message"}


def test_a_lost_session_of_the_database_goes_unnoticed(
    api: str, database: str, connection: Connection
) -> None:
    with following(api) as follower, publishing(api) as load:
        for _ in range(3):
            before = load.published
            until(lambda: terminate(connection, SESSION) == 1)
            until(lambda before=before: load.published > before + 200)  # type: ignore[misc]
        load.__exit__()
        assert_complete(follower, database)
        assert follower.connections == 1


def test_a_new_step_is_announced(api: str, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "POLL_SECONDS", 3600.0)
    with following(api) as follower:
        for count in range(1, 4):
            published(client, [event(event_id=str(count))])
            until(lambda count=count: len(follower.events) == count)  # type: ignore[misc]


def test_readers_of_few_topics_that_come_and_go_get_all_of_theirs(api: str, database: str) -> None:
    with following(api, "?topic=t.0") as first, publishing(api) as load:
        for number in range(1, 7):
            with following(api, f"?topic=t.{number}&topic=t.{number - 1}&from=start") as another:
                before = load.published
                until(lambda before=before: load.published > before + 100)  # type: ignore[misc]
                another.cut()
        with following(api, "?topic=t.1*&from=start") as prefixed:
            load.__exit__()
            for follower, topic in ((first, "t.0"), (prefixed, "t.1")):
                with psycopg.connect(database) as reader:
                    until(lambda: lag(reader) == 0)
                    places = reader.execute(
                        "SELECT partition, position FROM events WHERE topic = %s ORDER BY position", [topic]
                    ).fetchall()
                until(lambda: len(follower.messages) >= len(places))  # noqa: B023
                assert follower.places == places


def test_one_session_serves_all_readers_and_none_is_kept_without_them(
    api: str, client: httpx2.Client, connection: Connection
) -> None:
    def sessions() -> int:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [SESSION],
        ).fetchone()
        return row[0] if row else 0

    topics = [f"t.{n}" for n in range(20)]
    streams = [Stream(api, f"?topic={topic}").open() for topic in topics for _ in range(5)]
    assert sessions() == 1
    published(client, [event(topic=topic, event_id=str(n)) for topic in topics for n in range(3)])
    for number, stream in enumerate(streams):
        got: list[dict[str, Any]] = []
        while len(got) < 3:
            got += [message.event for message in stream.take() or []]
        assert [row["event_id"] for row in got] == ["0", "1", "2"]
        assert {row["topic"] for row in got} == {topics[number // 5]}
        stream.close()
    until(lambda: sessions() == 0)


def test_a_dropped_projection_ends_streams_with_the_reason(
    api: str, client: httpx2.Client, database: str
) -> None:
    published(client, [at_second(1)])
    stream = Stream(api).open()
    drop(database, "core")
    messages = []
    while (got := stream.take()) is not None:
        messages += got
    assert [(message.kind, message.event["code"]) for message in messages] == [
        ("error", "projection_dropped")
    ]
    stream.close()
    assert stream.complete
    refused = client.get("/events/stream")
    assert (refused.status_code, refused.json()["code"]) == (503, "projection_dropped")
    rebuild(database, CORE)
    with following(api, "?from=start") as follower:
        assert_complete(follower, database)


def test_a_database_that_is_away_is_told_before_a_stream_begins(
    client: httpx2.Client, superuser_dsn: str
) -> None:
    name = urlsplit(superuser_dsn).path.lstrip("/")
    with psycopg.connect(superuser_dsn, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0".encode())
        refused = client.get("/events/stream")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1".encode())


def test_more_streams_than_allowed_are_refused(database: str) -> None:
    with running_api(database, streams_max=2) as url, httpx2.Client(base_url=url) as client:
        first, second = Stream(url).open(), Stream(url).open()
        refused = client.get("/events/stream")
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
        assert "retry-after" in refused.headers
        first.close()

        def is_let_in() -> bool:
            third = Stream(url)
            third.take()
            third.close()
            return third.status == 200

        until(is_let_in)
        second.close()
