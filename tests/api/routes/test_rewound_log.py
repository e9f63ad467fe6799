"""A place beyond the end of the log is one of another log, or of what this one was before a restore."""

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.requests.cursors import encode_positions
from tests.support.events import event
from tests.support.postgres import PARTITIONS
from tests.support.reading import NDJSON, published
from tests.support.sessions import terminate
from tests.support.streaming import Stream
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

END_OF_BIGINT = (1 << 63) - 1


def assert_rewound(answer: httpx2.Response) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["code"], told["retryable"]) == (409, "log_rewound", False)


def rewind(owner: Connection, position: int) -> None:
    """Leave the log as a restore from an older backup would."""
    with owner.transaction():
        owner.execute("ALTER TABLE inbox DISABLE TRIGGER USER")
        owner.execute("DELETE FROM inbox WHERE position > %s", [position])
        owner.execute("ALTER TABLE inbox ENABLE TRIGGER USER")


PLACES = ["/events?order=position&cursor={}", "/events/stream?cursor={}", "/events/stream?last_event_id={}"]


@pytest.mark.parametrize("place", PLACES)
def test_every_way_to_go_on_from_there_is_refused_with_one_code(
    place: str, client: httpx2.Client, connection: Connection
) -> None:
    published(client, [event(event_id=str(n)) for n in range(3)])
    cursor = client.get("/events?order=position").headers["eventlog-cursor"]
    assert client.get(f"/events?order=position&cursor={cursor}").status_code == 200
    rewind(connection, 1)
    assert_rewound(client.get(place.format(cursor)))
    assert_rewound(client.get(place.format(cursor), headers=NDJSON))
    assert_rewound(client.get("/events/stream", headers={"Last-Event-ID": cursor}))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("position", [1, END_OF_BIGINT - 1, END_OF_BIGINT])
def test_no_position_is_too_large_to_be_told_so(place: str, position: int, client: httpx2.Client) -> None:
    cursor = encode_positions(dict.fromkeys(range(PARTITIONS), position))
    assert_rewound(client.get(place.format(cursor)))


def test_numbers_of_retries_that_there_never_were_are_refused_alike(client: httpx2.Client) -> None:
    assert client.get("/quarantine/retries?after=0").json() == []
    for number in (1, END_OF_BIGINT):
        assert_rewound(client.get(f"/quarantine/retries?after={number}"))


def test_who_follows_while_the_log_is_restored_is_told_and_let_go(
    api: str, client: httpx2.Client, connection: Connection
) -> None:
    published(client, [event(event_id=str(n)) for n in range(3)])
    stream = Stream(api).open()
    rewind(connection, 1)
    until(lambda: terminate(connection, "eventlog stream") == 1)
    messages = []
    while (got := stream.take()) is not None:
        messages += got
    stream.close()
    assert [(message.kind, message.event["code"]) for message in messages] == [("error", "log_rewound")]
    # Who has no place begins at what is there now.
    Stream(api).open().close()
