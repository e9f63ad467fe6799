"""Ship systemd's journal: `journalctl` reads it, and its cursor is the position.

An entry's cursor is its event_id, so that an entry that comes again is no new event. Where reading goes on is
behind the entry that was acknowledged last. When the journal has it no more, that is said: how many entries
are missing is in the cursors' own numbers, as long as they count the same journal.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import IO

import msgspec

from publisher.errors import ShipError
from publisher.ship.desk import Desk
from publisher.ship.lane import Lane
from publisher.ship.opening import shown
from publisher.ship.pipe import Pipe, pump
from publisher.ship.positions import Position, Witness
from publisher.ship.records import Record
from publisher.ship.report import Lost
from publisher.ship.shipping import Shipping
from publisher.ship.targets import JOURNAL

COMMAND = ("journalctl", "--output=json", "--all", "--no-pager", "--quiet")


class _Entry(msgspec.Struct, frozen=True):
    cursor: str = msgspec.field(name="__CURSOR", default="")


class Journal(Pipe):
    """What `journalctl` writes, behind an entry that it begins with if it still has it."""

    def __init__(self, text: str, descriptor: int, behind: str, note: Callable[[str], None]) -> None:
        super().__init__(text, descriptor)
        self._behind = behind
        self._note = note
        self._begun = b""

    def sample(self) -> bytes:
        """Return none: every entry tells its fields itself."""
        return b""

    def wait(self) -> bytes | None:
        """Return what comes but the entry that was shipped last; `note` is told what is there instead."""
        data = super().wait()
        if not self._behind:
            return data
        self._begun += data or b""
        if data and b"\n" not in self._begun:
            return None
        if data is None:
            return None
        behind, self._behind = self._behind, ""
        line, newline, rest = self._begun.partition(b"\n")
        first = msgspec.json.decode(line, type=_Entry).cursor if newline else ""
        if first != behind:
            self._note(first)
            rest = self._begun
        self.taken += len(rest) - len(data)
        return rest or (None if data else b"")


async def ship_journal(text: str, desk: Desk) -> None:
    """Ship the entries behind the last one that was acknowledged, to the end or for ever."""
    file_id = f"journald-{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    try:
        witness = await _known(desk, file_id)
        begun = Position(file_id=file_id, name="journald", opening="", witness=witness, seen=time.time())
        await _ship(text, begun, desk)
    except FileNotFoundError:
        desk.fail(text, _no_program(text))
    except ShipError as error:
        desk.fail(text, error)


def first_events(text: str, shipping: Shipping, count: int) -> list[bytes]:
    """Return what its first entries become; raises ShipError. Sends and keeps nothing."""
    try:
        with tempfile.TemporaryFile() as said, _started(_which(text), said) as process:
            assert process.stdout is not None, "it is a pipe"
            lines = [line for line in islice(process.stdout, count) if line.strip()]
            process.terminate()
            code = process.wait()
            if code > 0 and not lines:
                raise _failed(text, said)
    except FileNotFoundError:
        raise _no_program(text) from None
    envelope = _as_journal(shipping).envelope(text, "journald", "dry-run")
    records = [Record(0, n, line.rstrip(b"\n"), 1, "", 0, False, 0, n) for n, line in enumerate(lines, 1)]
    return [envelope.wrap(record, "", "")[0] for record in records]


def _as_journal(shipping: Shipping) -> Shipping:
    time_field = shipping.time_field or "__REALTIME_TIMESTAMP"
    return replace(shipping, ndjson=True, container=None, id_field="__CURSOR", time_field=time_field)


def _no_program(text: str) -> ShipError:
    return ShipError(f"{shown(text)}: there is no program journalctl here")


def _failed(text: str, said: IO[bytes]) -> ShipError:
    said.seek(0)
    return ShipError(f"{shown(text)}: journalctl: {said.read().decode('utf-8', 'replace').strip()}")


async def _ship(text: str, position: Position, desk: Desk) -> None:
    behind = position.witness.event_id if position.witness else ""
    # Where the journal has that entry no more, --after-cursor leaves out the one after it, too (systemd 252).
    cursor = [f"--cursor={behind}"] if behind else []
    follow = ["--follow", "--no-tail"] if desk.shipping.follow else []
    shipping = _as_journal(desk.shipping)
    with tempfile.TemporaryFile() as said, _started([*_which(text), *follow, *cursor], said) as process:
        assert process.stdout is not None, "it is a pipe"
        note = partial(_note_what_is_gone, text, behind, desk)
        journal = Journal(text, process.stdout.fileno(), behind, note)
        report = desk.report_of(text)
        lane = Lane(journal, position, shipping, desk.client, desk.positions, desk.talk, report)
        try:
            await pump(lane, journal)
        finally:
            process.terminate()
            await lane.stop()
        if process.wait() > 0:
            raise _failed(text, said)


def _started(flags: list[str], said: IO[bytes] | int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, *flags], stdout=subprocess.PIPE, stderr=said)


async def _known(desk: Desk, file_id: str) -> Witness | None:
    """Return the last entry that was acknowledged, if this log has it."""
    kept = desk.positions.of_file(file_id)
    if kept is None or desk.shipping.restart or not await desk.log_knows(kept.witness):
        return None
    return kept.witness


def _note_what_is_gone(text: str, behind: str, desk: Desk, found: str) -> None:
    """Say that the entry which was shipped last is gone; `found` is what the journal has after it."""
    missing = _entries_between(behind, found)
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
