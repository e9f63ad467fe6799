"""`eventlog ingest`: set, list, remove; and test, which stores nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path


def ingest(database: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "eventlog", "ingest", *arguments]
    environment = {**os.environ, "EVENTLOG_DSN": database}
    return subprocess.run(command, input=given, env=environment, capture_output=True, timeout=60, check=False)


def test_a_name_is_defined_tried_and_removed(database: str, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    sample.write_bytes(b'{"kind":"a","id":1}\n{"id":2}\n')
    said = ingest(
        database, "test", "web", str(sample), "--topic", "web.{body.kind}", "--event-id", "{body.id}"
    )
    assert said.returncode == 3
    first, second = map(json.loads, said.stdout.splitlines())
    assert (first["topic"], first["event_id"], first["payload"]) == ("web.a", "1", {"kind": "a", "id": 1})
    assert second["payload"]["reason"] == "missing_topic"
    assert b"1 events, 1 that can be none" in said.stderr

    for version in (1, 2):
        done = ingest(database, "set", "web", "--topic", "web.{body.kind}", "--form", "json")
        assert done.returncode == 0, done.stderr
        assert f"version {version}".encode() in done.stderr
    [listed] = json.loads(ingest(database, "list", "--json").stdout)
    assert (listed["name"], listed["version"], listed["definition"]["form"]) == ("web", 2, "json")
    assert b"web.{body.kind}" in ingest(database, "list").stdout
    tried = ingest(database, "test", "web", "-", given=b'[{"kind":"b"}]')
    assert (tried.returncode, json.loads(tried.stdout)["topic"]) == (0, "web.b")

    assert ingest(database, "remove", "web").returncode == 0
    assert json.loads(ingest(database, "list", "--json").stdout) == []
    gone = ingest(database, "remove", "web")
    assert (gone.returncode, b"nothing is defined as web" in gone.stderr) == (2, True)


def test_what_can_make_no_event_is_told(database: str) -> None:
    for arguments, told in (
        (("set", "web", "--topic", "a.{kind}"), b"body.PATH or header.NAME"),
        (("set", "a/b", "--topic", "a"), b"small letters"),
        (("set", "web", "--topic", "a", "--form", "xml"), b"form"),
        (("test", "web", "-"), b"nothing is defined as web"),
        (("test", "web", "/nowhere", "--topic", "a"), b"cannot read /nowhere"),
    ):
        said = ingest(database, *arguments)
        assert (said.returncode, told in said.stderr) == (2, True), said.stderr
