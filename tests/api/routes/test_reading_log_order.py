"""GET /events?order=position: in log order, and nothing that arrives later is missed."""

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.http.head_limits import TARGET_BYTES_MAX
from api.requests.cursors import decode_positions, encode_positions
from projections.read import log_order
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
    found, _ = read_on(client, "&limit=3")
    assert len({(row["topic"], row["event_id"]) for row in found}) == len(found) == 48
    for partition in range(4):
        positions = [row["position"] for row in found if row["partition"] == partition]
        assert positions == sorted(positions)


def test_what_arrives_later_with_an_older_timestamp_is_not_missed(client: httpx2.Client) -> None:
    published(client, [at_second(30)])
    found, place = read_on(client, "")
    assert [row["event_id"] for row in found] == ["e0030"]
    published(client, [at_second(10), at_second(20, topic="another")])
    later, _ = read_on(client, "", place)
    assert {row["event_id"] for row in later} == {"e0010", "e0020"}


@pytest.mark.parametrize("order", ["asc", "desc", "position"])
@pytest.mark.parametrize("limit", [1, 2, 5, 9, 10])
def test_a_next_page_is_there_while_there_is_more_and_the_cursor_always(
    client: httpx2.Client, order: str, limit: int
) -> None:
    empty = client.get(f"/events?order={order}")
    assert (empty.json(), next_page(empty)) == ([], None)
    published(client, [at_second(second, topic=f"t{second % 3}") for second in range(9)])
    path: str | None = f"/events?order={order}&limit={limit}&cursor={empty.headers['eventlog-cursor']}"
    sizes = []
    while path is not None:
        answer = client.get(path)
        sizes.append(len(answer.json()))
        path = next_page(answer)
    assert sizes == [limit] * (9 // limit) + [9 % limit] * (9 % limit > 0)
    end = client.get(f"/events?order={order}&cursor={answer.headers['eventlog-cursor']}")
    assert (end.json(), next_page(end)) == ([], None)
    assert end.headers["eventlog-cursor"] == answer.headers["eventlog-cursor"]


def test_latest_begins_after_what_is_there(client: httpx2.Client) -> None:
    published(client, [at_second(1), at_second(2, topic="another")])
    answer = client.get("/events?order=position&cursor=latest")
    assert answer.json() == []
    assert next_page(answer) is None
    published(client, [at_second(3)])
    found, _ = read_on(client, "", answer.headers["eventlog-cursor"])
    assert [row["event_id"] for row in found] == ["e0003"]


def test_duplicates_are_passed_over(client: httpx2.Client) -> None:
    published(client, [event(event_id="a")] * 40 + [event(event_id="b")])
    found, _ = read_on(client, "&limit=1")
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
        found, _ = read_on(client, f"&topic={topic}&event_id=other")
        assert [row["event_id"] for row in found] == ["other"]


def test_what_is_not_projected_yet_comes_later(database: str) -> None:
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url) as client:
        client.post("/publish", json=[at_second(1), at_second(2)])
        found, place = read_on(client, "")
        assert found == []
        project_all(database)
        found, _ = read_on(client, "", place)
        assert [row["event_id"] for row in found] == ["e0001", "e0002"]


def test_a_cursor_over_the_most_partitions_fits_into_a_url() -> None:
    far = dict.fromkeys(range(1024), (1 << 32) - 1)
    cursor = encode_positions(far)
    assert len(cursor) < TARGET_BYTES_MAX - 1_000
    assert decode_positions(cursor, list(far)) == far


def test_a_cursor_of_other_partitions_is_refused(client: httpx2.Client) -> None:
    published(client, [event(topic="a"), event(topic="b")])
    _, all_of_them = read_on(client, "")
    assert wrong_parameters(client.get(f"/events?order=position&topic=a&cursor={all_of_them}")) == ["/cursor"]
