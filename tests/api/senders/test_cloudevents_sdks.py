"""What the CloudEvents SDKs of JavaScript and Python send, in headers and structured, is one event each."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from tests.support.packages import packages
from tests.support.waiting import until

HERE = Path(__file__).parent
BATCH = {"Accept": "application/cloudevents-batch+json"}
DEEP = {"n": 1.5, "deep": [[{"a": None}]]}


def payloads(client: httpx2.Client, unique: int) -> dict[str, Any]:
    """Return each event's payload by its id, once all are projected."""
    until(lambda: client.get("/stats").json()["duplicate_dropped"] == unique)
    counts = client.get("/stats").json()
    assert (counts["unique_processed"], counts["conflicts"]) == (unique, 0)
    return {row["event_id"]: row["payload"] for row in client.get("/events").json()}


def test_the_sdk_of_javascript(client: httpx2.Client) -> None:
    folder = packages("cloudevents-js", npm=["cloudevents@10.0.0"])
    shutil.copy(HERE / "cloudevents.mjs", folder)  # node looks for packages beside the script
    command = ["node", "cloudevents.mjs", f"{client.base_url}/publish"]
    sent = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    assert sent.stdout.split() == ["202"] * 6
    assert payloads(client, 3) == {
        "/js object": DEEP,
        "/js text": {"data": 'hi "é"'},
        "/js bytes": {"data_base64": "/wAB"},
    }
    subjects = {event["subject"] for event in client.get("/events", headers=BATCH).json()}
    assert subjects == {"a b"}


def test_the_sdk_of_python(client: httpx2.Client) -> None:
    folder = packages("cloudevents-python", pypi=["cloudevents==2.2.0", "requests==2.32.5"])
    command = [sys.executable, str(HERE / "cloudevents_sdk.py"), f"{client.base_url}/publish"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "python")}
    sent = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert sent.stdout.split() == ["202"] * 8, sent.stderr
    assert payloads(client, 4) == {
        "/python object": DEEP,
        "/python text": {"data": 'hi "é"'},
        "/python bytes": {"data_base64": "/wAB"},
        "/python json bytes": {"n": 1},
    }
    subjects = {event["subject"] for event in client.get("/events", headers=BATCH).json()}
    assert subjects == {"é 50%25"}
