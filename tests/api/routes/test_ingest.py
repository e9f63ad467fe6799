"""POST /ingest/{name}: whatever a sender sends becomes events by a definition, or is kept as unparsed."""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from backports import zstd
from psycopg.rows import TupleRow

from eventlog.ingest.definition import IngestDefinition
from eventlog.ingest.store import store
from tests.support.api import running_api
from tests.support.real_input import FOLDER, needs_real_input
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.fixture
def defined(database: str, connection: Connection) -> Iterator[httpx2.Client]:
    store(connection, "web", IngestDefinition("web.{body.status}", "{body.id}", "{body.time}"), "test")
    store(connection, "lines", IngestDefinition("log.line"), "test")
    store(connection, "alike", IngestDefinition("log.alike", "content", form="lines"), "test")
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=15) as client:
        yield client


def logged(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute("SELECT topic, event_id, format, raw FROM inbox ORDER BY partition, position")
    return rows.fetchall()


def took(answer: httpx2.Response) -> tuple[int, int]:
    assert answer.status_code == 200, answer.text
    return answer.json()["accepted"], answer.json()["unparsed"]


def test_json_becomes_what_the_definition_says(defined: httpx2.Client, connection: Connection) -> None:
    record = {"id": "a", "status": 200, "time": 1614265330, "deep": {"n": [1.5]}}
    assert took(defined.post("/ingest/web", json=[record])) == (1, 0)
    [(topic, event_id, form, raw)] = logged(connection)
    assert (topic, event_id, form) == ("web.200", "a", 5)
    assert raw["payload"] == record
    assert raw["timestamp"] == "2021-02-25T15:02:10+00:00"
    assert raw["source"] == "web"
    assert raw["ingest"] == {"name": "web", "version": 1, "time_of_receipt": False}


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json", "application/json-seq"])
def test_one_bad_line_costs_itself_alone(defined: httpx2.Client, connection: Connection, kind: str) -> None:
    body = b'{"id":"a","status":1}\n{"id":"b"\n{"status":2}\n\n{"id":"c","status":3}\n'
    if kind == "application/json-seq":
        body = body.replace(b'{"id', b'\x1e{"id')
    assert took(defined.post("/ingest/web", content=body, headers={"content-type": kind})) == (2, 2)
    found = {row[3]["payload"]["reason"]: row[3]["payload"] for row in logged(connection) if row[2] == 4}
    assert found.keys() == {"invalid_json", "missing_event_id"}
    assert found["missing_event_id"]["text"] == '{"status":2}'


def test_a_record_with_a_key_twice_is_kept_as_it_came(defined: httpx2.Client, connection: Connection) -> None:
    body = b'[{"id":"a","id":"b","status":1}]'
    answer = defined.post("/ingest/web", content=body, headers={"content-type": "application/json"})
    assert took(answer) == (0, 1)
    assert logged(connection)[0][3]["payload"]["reason"] == "duplicate_key"


def test_lines_of_text_are_events_and_a_repeated_request_adds_none(
    defined: httpx2.Client, connection: Connection
) -> None:
    body = b"GET /\r\n[info] started\n{not json}\n\nGET /\n"
    for _ in range(2):
        assert took(defined.post("/ingest/lines", content=body)) == (4, 0)
    rows = logged(connection)
    lines = [row[3]["payload"]["line"] for row in rows]
    assert lines == ["GET /", "[info] started", "{not json}", "GET /"] * 2
    assert len({row[1] for row in rows}) == 4
    until(lambda: defined.get("/stats").json()["duplicate_dropped"] == 4)
    assert defined.get("/stats").json()["unique_processed"] == 4


def test_lines_that_are_alike_are_one_where_that_is_wanted(
    defined: httpx2.Client, connection: Connection
) -> None:
    assert took(defined.post("/ingest/alike", content=b"same\nsame\n{}\n")) == (3, 0)
    assert len({row[1] for row in logged(connection)}) == 2


def test_what_no_text_can_hold_is_kept_in_base_64(defined: httpx2.Client, connection: Connection) -> None:
    assert took(defined.post("/ingest/lines", content=b"good\n\xff\xfe\na\0b\n")) == (1, 2)
    kept = [row[3]["payload"] for row in logged(connection) if row[2] == 4]
    assert {each["base64"] for each in kept} == {"//4=", "YQBi"}


PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip in two parts": ("gzip", lambda body: gzip.compress(body[:2]) + gzip.compress(body[2:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without its head": ("deflate", lambda body: zlib.compress(body)[2:-4]),
    "zstd": ("zstd", zstd.compress),
    "zstd in two parts": ("zstd", lambda body: zstd.compress(body[:2]) + zstd.compress(body[2:])),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_bodies_are_unpacked_within_a_bound(
    defined: httpx2.Client, connection: Connection, name: str
) -> None:
    encoding, pack = PACKED[name]
    headers = {"content-encoding": encoding}
    assert took(defined.post("/ingest/lines", content=pack(b"a\nb"), headers=headers)) == (2, 0)
    assert sorted(row[3]["payload"]["line"] for row in logged(connection)) == ["a", "b"]
    for content, status, code in (
        (pack(b"x" * (9 << 20)), 413, "body_too_large"),
        (pack(random.Random(1).randbytes(999))[:-20], 400, "invalid_compression"),
        (b"plain", 400, "invalid_compression"),
        (gzip.compress(b"") * 101, 400, "invalid_compression"),
    ):
        answer = defined.post("/ingest/lines", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert defined.post("/ingest/lines", content=b"", headers={"content-encoding": "br"}).status_code == 415


def test_a_definition_that_is_changed_holds_soon_and_a_removed_one_is_not_found(
    defined: httpx2.Client, connection: Connection
) -> None:
    assert store(connection, "lines", IngestDefinition("log.other"), "test") == 2
    until(lambda: defined.post("/ingest/lines", content=b"x") and logged(connection)[-1][0] == "log.other")
    store(connection, "lines", None, "test")
    until(lambda: defined.post("/ingest/lines", content=b"x").status_code == 404)
    assert defined.post("/ingest/none", content=b"x").json()["code"] == "not_found"


def test_nothing_is_refused_for_being_empty(defined: httpx2.Client) -> None:
    assert took(defined.post("/ingest/lines", content=b"\n \n")) == (0, 0)
    assert took(defined.post("/ingest/web", json=[])) == (0, 0)


@needs_real_input
@pytest.mark.parametrize("name", ["Apache.log", "Linux.log", "HDFS.log"])
def test_real_logs_twice_add_nothing_the_second_time(
    defined: httpx2.Client, connection: Connection, name: str
) -> None:
    body = (FOLDER / "loghub" / name).read_bytes()
    count = len([line for line in body.split(b"\n") if line.strip()])
    for _ in range(2):
        assert took(defined.post("/ingest/lines", content=body)) == (count, 0)
    assert len({row[1] for row in logged(connection)}) == count


def test_what_comes_back_is_what_was_sent(defined: httpx2.Client) -> None:
    text = '{"id": "x", "status": 1.0, "big": 18446744073709551615, "e": 1e2}'
    defined.post("/ingest/web", content=text, headers={"content-type": "application/json"})
    until(lambda: defined.get("/events").json())
    assert text in defined.get("/events").text
    assert json.loads(text) == defined.get("/events").json()[0]["payload"]


def test_what_was_kept_as_unparsed_is_read_like_any_topic(defined: httpx2.Client) -> None:
    defined.post("/ingest/web", content=b"{}\n")
    until(lambda: defined.get("/events", params={"topic": "$unparsed"}).json())
    [row] = defined.get("/events", params={"topic": "$un*"}).json()
    assert row["payload"]["text"] == "{}"
    assert defined.get(f"/events/%24unparsed/{row['event_id']}").status_code == 200
    key = {"topic": "$unparsed", "event_id": row["event_id"]}
    assert defined.get("/deliveries", params=key).json()[0]["outcome"] == "unique"
    published = {"topic": "$unparsed", "event_id": "1", "timestamp": row["timestamp"], "source": "s"}
    assert defined.post("/publish", json={**published, "payload": {}}).status_code == 422


def test_what_a_body_unpacks_to_counts_as_under_way(database: str, connection: Connection) -> None:
    store(connection, "lines", IngestDefinition("log.line"), "test")
    with running_api(database, queue_bytes_max=1 << 16) as url:
        assert httpx2.post(f"{url}/ingest/lines", content=slowly(url), timeout=40).status_code == 200


def slowly(url: str) -> Iterator[bytes]:
    """Send a body that is under way while another, which is small only when packed, is refused."""
    yield b"first\n" * 100
    until(lambda: refused(url))
    yield b"last\n"


def refused(url: str) -> bool:
    packed = gzip.compress(b"x" * (1 << 17))
    answer = httpx2.post(f"{url}/ingest/lines", content=packed, headers={"content-encoding": "gzip"})
    return answer.status_code == 503 and answer.json()["code"] == "queue_full"
