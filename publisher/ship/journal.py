"""Ship systemd's journal: `journalctl` reads it, and its cursor is the position.

An entry's cursor is its event_id, so that an entry that comes again is no new event. Where reading goes on is
behind the entry that was acknowledged last. When the journal has it no more, that is said: how many entries
are missing is in the cursors' own numbers, as long as they count the same journal.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from hashlib import sha256
from typing import IO

import msgspec

from publisher.errors import ShipError
from publisher.ship.desk import Desk
from publisher.ship.lane import Lane
from publisher.ship.opening import shown
from publisher.ship.pipe import Pipe, pump
from publisher.ship.positions import Position, Witness
from publisher.ship.report import Lost
from publisher.ship.targets import JOURNAL

COMMAND = ("journalctl", "--output=json", "--all", "--no-pager", "--quiet")


class _Entry(msgspec.Struct, frozen=True):
    cursor: str = msgspec.field(name="__CURSOR", default="")


class Journal(Pipe):
    """What `journalctl` writes."""

    def sample(self) -> bytes:
        """Return none: every entry tells its fields itself."""
        return b""


async def ship_journal(text: str, desk: Desk) -> None:
    """Ship the entries behind the last one that was acknowledged, to the end or for ever."""
    file_id = f"journald-{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    try:
        witness = await _known(desk, file_id)
        if witness is not None:
            await asyncio.to_thread(_note_what_is_gone, text, witness.event_id, desk)
        begun = Position(file_id=file_id, name="journald", opening="", witness=witness, seen=time.time())
        await _ship(text, begun, desk)
    except FileNotFoundError:
        desk.fail(text, ShipError(f"{shown(text)}: there is no program journalctl here"))
    except ShipError as error:
        desk.fail(text, error)


async def _ship(text: str, position: Position, desk: Desk) -> None:
    cursor = [f"--after-cursor={position.witness.event_id}"] if position.witness else []
    follow = ["--follow", "--no-tail"] if desk.shipping.follow else []
    time_field = desk.shipping.time_field or "__REALTIME_TIMESTAMP"
    shipping = replace(desk.shipping, ndjson=True, container=None, id_field="__CURSOR", time_field=time_field)
    with tempfile.TemporaryFile() as said, _started([*_which(text), *follow, *cursor], said) as process:
        assert process.stdout is not None, "it is a pipe"
        journal = Journal(text, process.stdout.fileno())
        report = desk.report_of(text)
        lane = Lane(journal, position, shipping, desk.client, desk.positions, desk.talk, report)
        try:
            await pump(lane, journal)
        finally:
            process.terminate()
            await lane.stop()
        if process.wait() > 0:
            said.seek(0)
            raise ShipError(f"{shown(text)}: journalctl: {said.read().decode('utf-8', 'replace').strip()}")


def _started(flags: list[str], said: IO[bytes] | int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, *flags], stdout=subprocess.PIPE, stderr=said)


async def _known(desk: Desk, file_id: str) -> Witness | None:
    """Return the last entry that was acknowledged, if this log has it."""
    kept = desk.positions.of_file(file_id)
    if kept is None or desk.shipping.restart or not await desk.log_knows(kept.witness):
        return None
    return kept.witness


def _note_what_is_gone(text: str, cursor: str, desk: Desk) -> None:
    """Ask for the entry that was shipped last; journalctl gives the nearest one when it is gone."""
    with _started([*_which(text), f"--cursor={cursor}"], subprocess.DEVNULL) as process:
        assert process.stdout is not None, "it is a pipe"
        line = process.stdout.readline()
        process.terminate()
    found = msgspec.json.decode(line, type=_Entry).cursor if line else ""
    if found != cursor:
        missing = _entries_between(cursor, found)
        amount = f"about {missing:,} entries are missing" if missing else "how many cannot be told"
        detail = f"{shown(text)}: the entry that was shipped last is gone, and so may be later ones: {amount}"
        desk.talk.say(detail)
        desk.report.lost.append(Lost(path=shown(text), after_line=0, bytes=0, lines=missing, detail=detail))


def _entries_between(before: str, after: str) -> int:
    """Return how many entries lie between two cursors; 0 where they do not count the same journal."""
    old, new = (dict(part.split("=", 1) for part in one.split(";") if "=" in part) for one in (before, after))
    if not old.get("s") or old.get("s") != new.get("s"):
        return 0
    try:
        return max(0, int(new["i"], 16) - int(old["i"], 16) - 1)
    except (KeyError, ValueError):
        return 0


def _which(text: str) -> list[str]:
    """Return what of the journal is meant: all of it, one unit, or the files in a folder."""
    name = text.removeprefix(JOURNAL)
    if name.startswith("/"):
        return [f"--directory={name}" if os.path.isdir(name) else f"--file={name}"]
    return [f"--unit={name}"] if name else []
