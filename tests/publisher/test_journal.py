"""systemd's journal: by a program that speaks as journalctl does, and by journalctl where it is."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from publisher.ship.dry_run import dry_run
from publisher.ship.shipping import Shipping
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


def test_a_dry_run_shows_the_first_entries(tmp_path: Path, journal: Path) -> None:
    journal.write_text("\n".join(entry(n, f"m{n}") for n in range(1, 9)) + "\n")
    (first, _), *events = dry_run(["journald:"], Shipping())
    assert first == "journald:: entries of a journal; as journald"
    assert [json.loads(text)["payload"]["MESSAGE"] for text, _ in events] == ["m1", "m2", "m3"]
    assert json.loads(events[0][0])["timestamp"] == "2025-10-21T10:00:00.000001Z"


def test_a_dry_run_without_journalctl_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ((said, is_fault),) = dry_run(["journald:"], Shipping())
    assert (is_fault, "no program journalctl" in said) == (True, True)


REMOTE = shutil.which("systemd-journal-remote", path="/usr/lib/systemd:/lib/systemd")
real = pytest.mark.skipif(
    REMOTE is None or shutil.which("journalctl") is None, reason="systemd-journal-remote is not installed"
)


def write_entries(folder: Path, first: int, end: int) -> None:
    """Have systemd write entries: one with a line break in it, and one that is no UTF-8."""
    folder.mkdir(exist_ok=True)
    exported = b""
    for number in range(first, end):
        message = {2: b"two\nlines", 3: b"\xff\xfe"}.get(number, b"m%d" % number)
        exported += b"__REALTIME_TIMESTAMP=%d\n" % (1_761_040_800_000_000 + number)
        exported += b"__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%b\n" % (number, b"0123456789abcdef" * 2)
        exported += b"_SYSTEMD_UNIT=web.service\nMESSAGE\n%b%b\n\n" % (
            len(message).to_bytes(8, "little"),
            message,
        )
    assert REMOTE is not None
    subprocess.run(
        [REMOTE, f"--output={folder}/a.journal", "-"], input=exported, check=True, capture_output=True
    )


@real
def test_a_real_journal_goes_on_behind_what_was_acknowledged_and_is_followed(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        write_entries(folder := tmp_path / "journal", 1, 5)
        assert (await desk.ship(f"journald:{folder}")).complete
        assert messages(desk) == ["m1", "two\nlines", [255, 254], "m4"]
        assert desk.peer.events[0]["timestamp"] == "2025-10-21T10:00:00.000001Z"
        write_entries(folder, 5, 6)
        async with desk.following(f"journald:{folder}"):
            await desk.until_count(5)
            write_entries(folder, 6, 8)
            await desk.until_count(7)
        report = await desk.ship(f"journald:{folder}")
        assert (report.lost, report.total("records")) == ([], 0)
        assert messages(desk)[4:] == ["m5", "m6", "m7"]

    at_desk(tmp_path, use)


@real
def test_entries_that_a_real_journal_has_no_more_are_named(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        write_entries(folder := tmp_path / "journal", 1, 3)
        await desk.ship(f"journald:{folder}")
        shutil.rmtree(folder)
        write_entries(folder, 7, 9)
        (lost,) = (await desk.ship(f"journald:{folder}")).lost
        assert "how many cannot be told" in lost.detail
        assert messages(desk)[2:] == ["m7", "m8"]

    at_desk(tmp_path, use)
