"""systemd's journal, by way of a program that speaks as journalctl does: where tests run is no journal."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.publisher.desk import Desk, at_desk

PROGRAM = """import json, pathlib, sys
entries = [json.loads(line) for line in pathlib.Path({journal!r}).read_text().splitlines()]
flags = dict(it.removeprefix("--").partition("=")[::2] for it in sys.argv[1:])
cursors = [entry["__CURSOR"] for entry in entries]
if "unit" in flags:
    entries = [entry for entry in entries if entry.get("_SYSTEMD_UNIT") == flags["unit"]]
cursor = flags.get("cursor") or flags.get("after-cursor")
if cursor:
    number = int(cursor.split("i=")[1].split(";")[0], 16)
    entries = [it for it in entries if int(it["__CURSOR"].split("i=")[1].split(";")[0], 16) >= number]
    if "after-cursor" in flags and entries and entries[0]["__CURSOR"] == cursor:
        entries = entries[1:]
for entry in entries:
    print(json.dumps(entry))
"""


def entry(number: int, text: str, unit: str = "web.service") -> str:
    return json.dumps(
        {
            "__CURSOR": f"s=0f1e;i={number:x};b=aa;m=1;t=2;x=3",
            "__REALTIME_TIMESTAMP": str(1_761_040_800_000_000 + number),
            "_SYSTEMD_UNIT": unit,
            "MESSAGE": text,
        }
    )


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "entries"
    (tmp_path / "bin").mkdir()
    (code := tmp_path / "journalctl.py").write_text(PROGRAM.format(journal=str(path)))
    # A shell starts it, since the first line of a program may name no path with a space.
    program = tmp_path / "bin" / "journalctl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return path


def messages(desk: Desk) -> list[object]:
    payloads = [event["payload"] for event in desk.peer.events]
    return [payload["MESSAGE"] for payload in payloads if isinstance(payload, dict)]


def test_the_journal_goes_on_behind_the_entry_that_was_acknowledged(tmp_path: Path, journal: Path) -> None:
    async def use(desk: Desk) -> None:
        journal.write_text("\n".join(entry(n, f"m{n}") for n in (1, 2)) + "\n")
        assert (await desk.ship("journald:")).complete
        journal.write_text("\n".join(entry(n, f"m{n}") for n in (1, 2, 3)) + "\n")
        report = await desk.ship("journald:")
        assert messages(desk) == ["m1", "m2", "m3"]
        assert not report.lost
        first = desk.peer.events[0]
        assert first["event_id"] == "s=0f1e;i=1;b=aa;m=1;t=2;x=3"
        assert first["timestamp"] == "2025-10-21T10:00:00.000001Z"

    at_desk(tmp_path, use)


def test_one_unit_of_the_journal_is_an_input_of_its_own(tmp_path: Path, journal: Path) -> None:
    async def use(desk: Desk) -> None:
        journal.write_text(f"{entry(1, 'a')}\n{entry(2, 'b', 'db.service')}\n")
        await desk.ship("journald:db.service")
        assert messages(desk) == ["b"]

    at_desk(tmp_path, use)


def test_entries_that_the_journal_lost_are_named_with_their_number(tmp_path: Path, journal: Path) -> None:
    async def use(desk: Desk) -> None:
        journal.write_text(entry(1, "m1") + "\n")
        await desk.ship("journald:")
        journal.write_text(entry(9, "m9") + "\n")
        (lost,) = (await desk.ship("journald:")).lost
        assert lost.lines == 7
        assert messages(desk) == ["m1", "m9"]

    at_desk(tmp_path, use)


def test_a_machine_without_journalctl_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(desk: Desk) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        report = await desk.ship("journald:")
        assert not report.complete
        assert "no program journalctl" in desk.said[0]

    at_desk(tmp_path, use)
