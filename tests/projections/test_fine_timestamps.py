"""Time stamps finer than the log's microseconds: cut, whichever way they come, and so in every replay."""

import json

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.projection import CORE
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.api import running_api
from tests.support.contents import content_of_live
from tests.support.events import event
from tests.support.projecting import project_all
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

SECOND = "2025-10-21T10:00:59"
FRACTIONS = ["1234567", "999999999", "123456" + "9" * 24, "0000009"]
CUT = ["123456", "999999", "123456", "000000"]


def published_in_every_way(client: httpx2.Client, connection: Connection) -> None:
    events = [
        event(topic=way, event_id=fraction, timestamp=f"{SECOND}.{fraction}Z")
        for way in ("direct", "batch", "lenient", "sql")
        for fraction in FRACTIONS
    ]
    for one in events[:4]:
        assert client.post("/publish", json=one).status_code == 202
    assert client.post("/publish", json=events[4:8]).status_code == 202
    answer = client.post("/publish", json=[*events[8:12], 5], headers={"Prefer": "handling=lenient"})
    assert answer.json()["accepted"] == 4
    connection.execute("SELECT publish_events(%s::json)", [json.dumps(events[12:])])


def test_what_is_finer_is_cut_live_in_a_rebuild_and_in_a_replay(
    database: str, connection: Connection
) -> None:
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=15) as client:
        published_in_every_way(client, connection)
        until(lambda: client.get("/stats").json()["unique_processed"] == 16)
        for way in ("direct", "batch", "lenient", "sql"):
            found = {
                each["event_id"]: each["timestamp"] for each in client.get(f"/events?topic={way}").json()
            }
            moments = {name: text.rstrip("Z").partition(".")[2].ljust(6, "0") for name, text in found.items()}
            assert moments == dict(zip(FRACTIONS, CUT, strict=True))
        raw = connection.execute("SELECT raw ->> 'timestamp' FROM inbox ORDER BY event_id").fetchall()
        assert {row[0] for row in raw} == {f"{SECOND}.{fraction}Z" for fraction in FRACTIONS}
        live = content_of_live(database, CORE)
    assert verify(database, CORE).differing == []
    rebuild(database, CORE, Options())
    project_all(database)
    assert content_of_live(database, CORE) == live


@pytest.mark.parametrize("digits", ["1234567", "123456999", "123456" + "9" * 24])
def test_since_and_until_are_cut_alike(client: httpx2.Client, digits: str) -> None:
    events = [event(event_id=text, timestamp=f"{SECOND}.{text}Z") for text in ("123455", "123456", "123457")]
    client.post("/publish", json=events, headers={"Prefer": "wait=10"})
    moment = f"{SECOND}.{digits}+00:00".replace("+", "%2B")
    since = client.get(f"/events?since={moment}").json()
    until_then = client.get(f"/events?until={moment}").json()
    assert [each["event_id"] for each in since] == ["123456", "123457"]
    assert [each["event_id"] for each in until_then] == ["123455"]
    assert client.get(f"/timeline?since={moment}").status_code == 200
