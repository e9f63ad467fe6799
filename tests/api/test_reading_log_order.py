"""GET /events?order=position: in log order, and nothing that arrives later is missed."""

import httpx2
import psycopg
from psycopg.rows import TupleRow

from api.cursors import decode_positions, encode_positions
from api.gate import TARGET_BYTES_MAX
from eventlog.read import log_order
from tests.support.api import running_api
from tests.support.deliveries import append_events, topic_in
from tests.support.deliveries import event as made
from tests.support.events import event
from tests.support.projecting import project_all
from tests.support.reading import at_second, ids, next_page, published, read_on, wrong_parameters

Connection = psycopg.Connection[TupleRow]


def test_every_event_comes_once_in_the_order_of_its_partition(client: httpx2.Client) -> None:
    for batch in range(5):
        published(
            client, [at_second(second, topic=f"t{second % 9}") for second in range(batch * 7, batch * 7 + 20)]
        )
    found, _ = read_on(client, "/events?order=position&limit=3")
    assert len({(row["topic"], row["event_id"]) for row in found}) == len(found) == 48
    for partition in range(4):
        positions = [row["position"] for row in found if row["partition"] == partition]
        assert positions == sorted(positions)


def test_what_arrives_later_with_an_older_timestamp_is_not_missed(client: httpx2.Client) -> None:
    published(client, [at_second(30)])
    found, place = read_on(client, "/events?order=position")
    assert [row["event_id"] for row in found] == ["e0030"]
    published(client, [at_second(10), at_second(20, topic="another")])
    later, _ = read_on(client, place)
    assert {row["event_id"] for row in later} == {"e0010", "e0020"}


def test_there_is_always_a_next_page_and_at_the_end_it_is_the_same(client: httpx2.Client) -> None:
    published(client, [event()])
    end = next_page(client.get("/events?order=position"))
    assert end is not None
    answer = client.get(end)
    assert (answer.json(), next_page(answer)) == ([], end)


def test_latest_begins_after_what_is_there(client: httpx2.Client) -> None:
    published(client, [at_second(1), at_second(2, topic="another")])
    answer = client.get("/events?order=position&cursor=latest")
    assert answer.json() == []
    published(client, [at_second(3)])
    assert ids(client.get(next_page(answer) or "")) == ["e0003"]


def test_duplicates_are_passed_over(client: httpx2.Client) -> None:
    published(client, [event(event_id="a")] * 40 + [event(event_id="b")])
    found, _ = read_on(client, "/events?order=position&limit=1")
    assert [(row["event_id"], row["position"]) for row in found] == [("a", 1), ("b", 41)]


def test_a_page_is_not_empty_while_there_is_more(database: str) -> None:
    copies = log_order.SCAN_MAX // 2
    topic = topic_in(0)
    for _ in range(3):
        append_events(database, [made(topic, "same")] * copies)
    append_events(database, [made(topic, "other")])
    project_all(database, batch_size=10_000)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        first = client.get(f"/events?order=position&topic={topic}&event_id=other")
        assert ids(first) == ["other"]
        found, _ = read_on(client, f"/events?order=position&topic={topic}&event_id=other")
        assert [row["event_id"] for row in found] == ["other"]


def test_what_is_not_projected_yet_comes_later(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        client.post("/publish", json=[at_second(1), at_second(2)])
        found, place = read_on(client, "/events?order=position")
        assert found == []
        project_all(database)
        found, _ = read_on(client, place)
        assert [row["event_id"] for row in found] == ["e0001", "e0002"]


def test_a_cursor_over_the_most_partitions_fits_into_a_url() -> None:
    far = dict.fromkeys(range(1024), (1 << 32) - 1)
    cursor = encode_positions(far)
    assert len(cursor) < TARGET_BYTES_MAX - 1_000
    assert decode_positions(cursor, list(far)) == far


def test_a_cursor_of_other_partitions_is_refused(client: httpx2.Client) -> None:
    published(client, [event(topic="a"), event(topic="b")])
    all_of_them = next_page(client.get("/events?order=position")) or ""
    assert wrong_parameters(client.get(f"{all_of_them}&topic=a")) == ["/cursor"]
