"""Elasticsearch's bulk API, as shippers use it: rsyslog's omelasticsearch, and by hand."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.ingest.definition import IngestDefinition
from eventlog.ingest.store import store
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
MODULES = Path("/usr/lib/x86_64-linux-gnu/rsyslog")


def logged(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute("SELECT topic, event_id, format, raw FROM inbox ORDER BY partition, position")
    return rows.fetchall()


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def bulk(client: httpx2.Client, content: bytes, path: str = "/_bulk") -> Any:
    answer = client.post(path, content=content, headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_document_is_an_event_with_its_id_and_its_time(
    client: httpx2.Client, connection: Connection
) -> None:
    document = {"@timestamp": "2026-01-02T03:04:05.678Z", "message": "é"}
    content = lines({"create": {"_index": "logs-1", "_id": "a"}}, document)
    answer = bulk(client, content)
    assert answer["errors"] is False
    assert answer["items"] == [
        {"create": {"_index": "logs-1", "_id": "a", "status": 201, "result": "created"}}
    ]
    [(topic, event_id, form, raw)] = logged(connection)
    assert (topic, event_id, form) == ("bulk.logs-1", "a", 5)
    assert (raw["timestamp"], raw["source"], raw["payload"]) == (document["@timestamp"], "logs-1", document)


def test_an_id_may_be_a_number(client: httpx2.Client, connection: Connection) -> None:
    bulk(client, lines({"create": {"_index": "logs", "_id": 7}}, {"n": 1}))
    assert [row[1:3] for row in logged(connection)] == [("7", 5)]


def test_without_ids_a_repeated_request_adds_nothing(client: httpx2.Client, connection: Connection) -> None:
    content = lines({"index": {}}, {"n": 1}, {"index": {}}, {"n": 1})
    for _ in range(2):
        assert len(bulk(client, content, "/logs/_bulk")["items"]) == 2
    assert len(logged(connection)) == 4
    assert len({row[1] for row in logged(connection)}) == 2


def test_what_can_be_no_event_costs_itself_alone(client: httpx2.Client, connection: Connection) -> None:
    content = b'{"index":{"_index":"a"}}\n{"broken\n' + lines(
        {"index": {"_index": "a"}}, {"n": 1}, {"delete": {"_index": "a", "_id": "1"}}, {"nonsense": 1}
    )
    assert len(bulk(client, content)["items"]) == 4
    assert sorted(row[2] for row in logged(connection)) == [4, 4, 4, 5]


def test_a_definition_of_the_index_says_otherwise(client: httpx2.Client, connection: Connection) -> None:
    store(connection, "shop", IngestDefinition("shop.{body.kind}", time="{body.at}"), "test")
    bulk(client, lines({"create": {"_index": "shop"}}, {"kind": "sold", "at": 1614265330}))
    assert logged(connection)[0][0] == "shop.sold"


def test_who_looks_first_finds_somebody(client: httpx2.Client) -> None:
    assert client.get("/_cat/health").headers["x-elastic-product"] == "Elasticsearch"
    assert client.head("/_cluster/health").status_code == 200


@pytest.mark.skipif(
    shutil.which("rsyslogd") is None or not (MODULES / "omelasticsearch.so").exists(),
    reason="there is no rsyslog with omelasticsearch here (apt install rsyslog rsyslog-elasticsearch)",
)
def test_rsyslog_sends_its_messages_by_it(
    client: httpx2.Client, connection: Connection, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "rsyslog.conf"
    file.write_text(f"""
        global(workDirectory="{tmp_path}")
        module(load="imptcp")
        module(load="omelasticsearch")
        input(type="imptcp" port="{port}" address="127.0.0.1")
        template(name="doc" type="list" option.jsonf="on") {{
            property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
            property(outname="message" name="msg" format="jsonf")
        }}
        action(type="omelasticsearch" server="127.0.0.1" serverport="{urlsplit(str(client.base_url)).port}"
               template="doc" searchIndex="syslog" searchType="" bulkmode="on" action.resumeRetryCount="-1"
               queue.type="linkedList")
        """)
    command = ["rsyslogd", "-n", "-f", str(file), "-i", str(tmp_path / "pid")]
    with (tmp_path / "out").open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        until(lambda: _listens(port))
        with socket.create_connection(("127.0.0.1", port)) as link:
            for number in range(20):
                link.sendall(f'<13>Jan  2 03:04:05 host app: message {number} "é"\n'.encode())
        until(
            lambda: len(logged(connection)) == 20,
            message=lambda: (tmp_path / "out").read_text() + str(len(logged(connection))),
        )
    finally:
        running.terminate()
        running.wait()
    found = {row[3]["payload"]["message"].strip() for row in logged(connection)}
    assert found == {f'message {number} "é"' for number in range(20)}
    assert {row[0] for row in logged(connection)} == {"bulk.syslog"}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        time.sleep(0.05)
        return False
    return True
