"""OpenTelemetry's SDK of Python on /v1/logs: all records arrive, once, whatever the service goes through."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.packages import packages

Connection = psycopg.Connection[TupleRow]
HERE = Path(__file__).parent
SDK = ["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"]


def send(url: str, *flags: str) -> None:
    folder = packages("otlp-python", pypi=SDK)
    environment = {**os.environ, "PYTHONPATH": str(folder / "python")}
    command = [sys.executable, str(HERE / "otlp_sdk.py"), url, *flags]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def bodies(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT raw -> 'payload' -> 'log' -> 'body' ->> 'stringValue' FROM inbox ORDER BY partition, position"
    )
    return [str(body) for (body,) in rows]


@pytest.mark.parametrize("flags", [[], ["gzip"]])
def test_all_records_arrive(client: httpx2.Client, connection: Connection, flags: list[str]) -> None:
    send(f"{client.base_url}/v1/logs", *flags)
    assert bodies(connection) == ["plain é", "with a value", "the last"]
    rows = connection.execute("SELECT DISTINCT topic, source, format FROM inbox").fetchall()
    assert rows == [("otlp.logs", "sdk", 5)]


JAVASCRIPT = [
    f"@opentelemetry/{name}@0.223.1"
    for name in ("sdk-logs", "exporter-logs-otlp-http", "exporter-logs-otlp-proto", "api-logs")
]


def test_the_sdk_of_javascript(client: httpx2.Client, connection: Connection) -> None:
    folder = packages("otlp-js", npm=JAVASCRIPT)
    shutil.copy(HERE / "otlp.mjs", folder)  # node looks for packages beside the script
    command = ["node", "otlp.mjs", f"{client.base_url}/v1/logs"]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True)
    assert sorted(bodies(connection)) == ["None"] * 3 + ["plain é"] * 3
    rows = connection.execute("""
        SELECT DISTINCT format, (SELECT string_agg(a -> 'value' ->> 'doubleValue', '')
                                 FROM json_array_elements(raw -> 'payload' -> 'log' -> 'attributes') AS a)
        FROM inbox WHERE raw -> 'payload' -> 'log' -> 'body' ->> 'stringValue' = 'plain é' ORDER BY 2
    """).fetchall()
    # What is no number is null in its JSON: its own loss.
    assert rows == [(5, "NaN"), (5, None)]


@contextmanager
def answering(first: int, url: str) -> Iterator[str]:
    """Serve a stand-in that answers so once, and hands all else on."""
    statuses = [first]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if statuses:
                self.send_response(statuses.pop())
                self.send_header("retry-after", "1")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            kind = {"content-type": self.headers["content-type"]}
            answer = httpx2.post(f"{url}{self.path}", content=body, headers=kind)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("status", [429, 503])
def test_a_batch_that_is_told_to_wait_comes_again(
    client: httpx2.Client, connection: Connection, status: int
) -> None:
    with answering(status, str(client.base_url).rstrip("/")) as url:
        send(f"{url}/v1/logs")
    assert bodies(connection) == ["plain é", "with a value", "the last"]


def test_errors_are_statuses_in_the_content_type_of_the_request(client: httpx2.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = client.post("/v1/logs", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    headers["content-type"] = "application/x-protobuf"
    answer = client.post("/v1/logs", content=b"{}", headers=headers)
    assert answer.content.startswith(b"\x08\x03\x12")
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert (
        client.post("/v1/logs/", content=b"", headers={"content-type": "application/x-protobuf"}).content
        == b""
    )
    assert client.post("/v1/logs", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
