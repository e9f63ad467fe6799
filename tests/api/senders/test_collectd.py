"""collectd's write_http on /ingest: its values and its notifications, at one address."""

import shutil
import subprocess
from ctypes.util import find_library
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.ingest.definition import IngestDefinition
from eventlog.ingest.store import store
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.mark.skipif(
    shutil.which("collectd") is None or find_library("yajl") is None,
    reason="there is no collectd with write_http here (apt install collectd-core libyajl2)",
)
def test_its_values_are_events_with_its_times(
    client: httpx2.Client, connection: Connection, tmp_path: Path
) -> None:
    definition = IngestDefinition("collectd.{body.plugin}", time="{body.time}", source="{body.host}")
    store(connection, "collectd", definition, "test")
    file = tmp_path / "collectd.conf"
    file.write_text(f"""
        BaseDir "{tmp_path}"
        PIDFile "{tmp_path}/pid"
        Hostname "device-7"
        Interval 1
        LoadPlugin uptime
        LoadPlugin load
        LoadPlugin write_http
        <Plugin write_http>
            <Node "log">
                URL "{client.base_url}/ingest/collectd"
                Format "JSON"
                BufferSize 4096
            </Node>
        </Plugin>
        """)
    running = subprocess.Popen(["collectd", "-f", "-C", str(file)], stdout=subprocess.DEVNULL)
    try:
        query = "SELECT DISTINCT topic, source, format FROM inbox ORDER BY topic"
        wanted = [("collectd.load", "device-7", 5), ("collectd.uptime", "device-7", 5)]
        until(lambda: connection.execute(query).fetchall() == wanted)
        until(lambda: client.get("/events?topic=collectd.load").json())
    finally:
        running.terminate()
        running.wait()
    payload = client.get("/events?topic=collectd.load&limit=1").json()[0]["payload"]
    assert payload["dsnames"] == ["shortterm", "midterm", "longterm"]
    [close] = connection.execute(
        'SELECT bool_and(abs(extract(epoch FROM received_at - "timestamp")) < 60) FROM inbox'
    ).fetchone() or [None]
    assert close


def test_a_notification_is_taken_at_the_same_address(client: httpx2.Client, connection: Connection) -> None:
    definition = IngestDefinition("collectd", source="collectd")
    store(connection, "collectd", definition, "test")
    notification = [
        {
            "labels": {"alertname": "collectd_load", "instance": "device-7"},
            "annotations": {"summary": "load is high"},
            "startsAt": "2026-01-02T03:04:05.678Z",
        }
    ]
    assert client.post("/ingest/collectd", json=notification).json()["accepted"] == 1
