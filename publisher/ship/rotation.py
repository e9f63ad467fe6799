"""What has been at a path since the last look: files that moved on, files in between, the one there now.

A path is where a writer writes; rotation takes the file away and puts another there, or copies it and empties
it. So for a path that is to be shipped the files that were known there are looked for first: at their place
under another name, or, copied or compressed, by their content; beside it, in folders below, and wherever
rotation is known to put them. What is left of them goes first, then files that came and went between two
looks, then the one that is there now. A file that is nowhere any more is named, with an estimate.
"""

import os
import time
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from publisher.errors import ShipError
from publisher.ship.files import LogFile, changed_ns, place_of, version_of
from publisher.ship.identity import Identities, Recognised, moved_here
from publisher.ship.names import canonical_name
from publisher.ship.opening import shown
from publisher.ship.positions import Position, Positions
from publisher.ship.report import Lost
from publisher.ship.shipping import Shipping

# Files of one folder that are looked into for a copy of one that is gone, the newest first.
LOOKED_INTO_MAX = 200
FOLDERS_BELOW_MAX = 50
TIME_TOLERANCE_NS = 2_000_000_000


@dataclass(slots=True)
class LineUp:
    """The files of one path, in the order in which they were written; the one there now is last, if any."""

    files: list[tuple[LogFile, Position]] = field(default_factory=list)
    current: LogFile | None = None  # also in `files`; None when there is nothing of it to ship
    is_there: bool = False
    kind: str = ""
    found: Recognised = field(default_factory=Recognised)
    lost: list[Lost] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Beside:
    """A file that lies where rotation may have put it."""

    path: str
    place: str
    version: str

    @property
    def changed_ns(self) -> int:
        return changed_ns(self.version)


class Rotation:
    """Find the files of a path. Its methods read, so they belong in a thread, one at a time."""

    def __init__(self, positions: Positions, identities: Identities, shipping: Shipping) -> None:
        self._positions = positions
        self._identities = identities
        self._shipping = shipping
        self._left: dict[bytes, float] = {}
        self.more_folders: set[str] = {os.path.abspath(folder) for folder in shipping.rotated_to}

    def line_up(self, path: str, held: Container[str] = ()) -> LineUp:
        """Open what is to be shipped for a path.

        `held` are the file_ids of those that somebody is shipping already.
        """
        line_up = LineUp()
        self._open_current(path, line_up, held)
        current = line_up.found.position
        earlier = [
            kept
            for kept in self._positions.at_path(os.path.abspath(path))
            if kept.file_id not in held and (current is None or kept.file_id != current.file_id)
        ]
        if earlier:
            self._find_earlier(path, earlier, line_up)
        if current is not None and not line_up.found.is_new and not current.print.length:
            self._find_behind_an_empty_one(path, current, line_up)
        since = self._left.pop(os.fsencode(os.path.abspath(path)), None)
        if since is not None:
            beside = list(self._beside(path, [current] if current else []))
            taken = {current.place} if current else set[str]()
            self._find_between(path, beside, taken | {it.place for it, _ in line_up.files}, since, line_up)
        line_up.files.sort(key=lambda pair: pair[0].status.st_mtime_ns)
        if line_up.current is not None and current is not None:
            line_up.files.append((line_up.current, current))
        return line_up

    def _note_leaving(self, position: Position, here: bytes) -> None:
        """Remember that a file was found elsewhere, so that there may have been others at its path since."""
        if position.path not in (b"", here) and _is_written_to(os.fsdecode(position.path)):
            looked = position.seen if position.print.length else changed_ns(position.version) / 1e9
            self._left[position.path] = min(looked, self._left.get(position.path, looked))

    def _find_behind_an_empty_one(self, path: str, current: Position, line_up: LineUp) -> None:
        """Look for files of meanwhile where the one there was empty at the last look.

        If it was copied away and emptied, or deleted and its inode given to the next, it looks no different.
        """
        if _is_written_to(path):
            beside = list(self._beside(path, [current]))
            taken = {current.place, *(file.place for file, _ in line_up.files)}
            self._find_between(path, beside, taken, changed_ns(current.version) / 1e9, line_up)

    def _open_current(self, path: str, line_up: LineUp, held: Container[str]) -> None:
        try:
            file = LogFile(path, links=self._shipping.links)
        except ShipError as error:
            line_up.failure = str(error)
            return
        line_up.is_there, line_up.kind = True, file.kind
        line_up.found = found = self._identities.recognise(file, path, held)
        if found.said:
            line_up.said.append(found.said)
        if found.position is None:
            file.close()
        else:
            line_up.current, position = file, found.position
            here = os.fsencode(os.path.abspath(path))
            self._note_leaving(position, here)
            position = msgspec.structs.replace(position, path=here, origin=position.origin or here)
            line_up.found = Recognised(position, None, found.is_new, found.said)

    def _find_earlier(self, path: str, earlier: list[Position], line_up: LineUp) -> None:
        beside = list(self._beside(path, earlier))
        taken = {line_up.current.place} if line_up.current is not None else set[str]()
        rotated_at, unseen = None, list[Position]()
        for kept in earlier:
            # Only where somebody writes can there have been a file between two looks.
            was_current = _is_written_to(path) and kept.path == os.fsencode(os.path.abspath(path))
            if was_current:
                looked = kept.seen if kept.print.length else changed_ns(kept.version) / 1e9
                rotated_at = min(rotated_at or looked, looked)
            if (unchanged := _unchanged(kept, beside)) is not None:
                self._positions.save([msgspec.structs.replace(kept, path=os.fsencode(unchanged.path))])
                continue
            heir = self._heir(path, kept, beside, taken)
            if heir is None and not kept.print.length:
                unseen.append(kept)  # without a line it is known by its place alone
            elif heir is None:
                self._gone(path, kept, was_current and line_up.is_there, line_up)
            else:
                taken.add(heir.place)
                line_up.files.append((heir, moved_here(kept, heir)))
        found = len(line_up.files)
        if rotated_at is not None:
            self._find_between(path, beside, taken, rotated_at, line_up)
        for kept in unseen:
            self._gone(path, kept, line_up.is_there and len(line_up.files) == found, line_up)

    def _heir(self, path: str, kept: Position, beside: list[_Beside], taken: set[str]) -> LogFile | None:
        """Open the file where it is now, at the place where reading goes on."""
        at_place = [entry for entry in beside if entry.place == kept.place and entry.place not in taken]
        for entry in at_place:
            if (file := self._opened(entry)) is None:
                continue
            if file.resume(kept.offset, kept.print):
                return file
            file.close()
        since = changed_ns(kept.version) - TIME_TOLERANCE_NS
        family = [
            entry
            for entry in beside
            if entry.changed_ns >= since and entry.place not in taken and _is_family(path, entry.path)
        ]
        for entry in sorted(family, key=lambda entry: -entry.changed_ns)[:LOOKED_INTO_MAX]:
            if (file := self._opened(entry)) is None:
                continue
            same = file.opening() == kept.opening and file.begins_with(kept.print)
            if same and file.resume(kept.offset, kept.print):
                return file
            file.close()
        return None

    def _opened(self, entry: _Beside) -> LogFile | None:
        with suppress(ShipError):
            file = LogFile(entry.path)
            if file.place == entry.place:
                return file
            file.close()
        return None

    def _gone(self, path: str, kept: Position, was_replaced: bool, line_up: LineUp) -> None:
        """Say what may be lost with a file that is nowhere any more, unless it was rotated and read."""
        unread = max(0, int(kept.version.partition(":")[0] or 0) - kept.offset) if not kept.whole else 0
        if was_replaced or unread:
            gained = kept.gaining * max(0.0, time.time() - kept.seen) if was_replaced else 0.0
            missing = int(unread + gained)
            per_line = kept.offset / kept.line_number if kept.line_number else 100.0
            line_up.lost.append(
                Lost(
                    path=shown(path),
                    after_line=kept.line_number,
                    bytes=missing,
                    lines=round(missing / per_line),
                    detail=_lost_detail(kept, missing, round(missing / per_line)),
                )
            )
        self._positions.save([msgspec.structs.replace(kept, origin=b"")])

    def _find_between(
        self, path: str, beside: list[_Beside], taken: set[str], since: float, line_up: LineUp
    ) -> None:
        """Open the files that came to the path after the last look and left it before this one."""
        name = canonical_name(path)
        for entry in sorted(beside, key=lambda entry: entry.changed_ns):
            if entry.place in taken or entry.changed_ns < since * 1e9 - TIME_TOLERANCE_NS:
                continue
            if canonical_name(entry.path) != name or (file := self._opened(entry)) is None:
                continue
            found = self._identities.recognise(file, path)
            if found.position is None or not found.is_new:
                file.close()
                continue
            taken.add(entry.place)
            line_up.said.append(f"{shown(path)}: {shown(entry.path)} was there meanwhile; it is shipped too")
            origin = os.fsencode(os.path.abspath(path))
            line_up.files.append((file, msgspec.structs.replace(found.position, origin=origin)))

    def _beside(self, path: str, earlier: list[Position]) -> Iterator[_Beside]:
        folders = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]
        folders += [os.path.dirname(os.fsdecode(kept.path)) for kept in earlier]
        folders += sorted(self.more_folders)
        seen: set[str] = set()
        for folder in dict.fromkeys(folders):
            below: list[str] = []
            for entry in _files_in(folder, below):
                if entry.place not in seen:
                    seen.add(entry.place)
                    yield entry
            for deeper in below[:FOLDERS_BELOW_MAX]:
                for entry in _files_in(deeper, []):
                    if entry.place not in seen:
                        seen.add(entry.place)
                        yield entry


def _files_in(folder: str, below: list[str]) -> Iterator[_Beside]:
    """Yield a folder's regular files; its folders are added to `below`."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield _Beside(entry.path, place_of(status), version_of(status))


def _unchanged(kept: Position, beside: list[_Beside]) -> _Beside | None:
    """Return where a file is of which all was read, and which has not changed since."""
    if not kept.whole:
        return None
    return next((it for it in beside if (it.place, it.version) == (kept.place, kept.version)), None)


def _is_written_to(path: str) -> bool:
    """Tell whether it is a name that a writer opens, and not one that rotation gave."""
    return canonical_name(path) == Path(path).name


def _is_family(path: str, other: str) -> bool:
    """Tell whether a name may be one that rotation made of a path's."""
    name = canonical_name(path)
    return canonical_name(other) == name or Path(other).name.startswith(name.partition(".")[0] or name)


def _lost_detail(kept: Position, missing: int, lines: int) -> str:
    looked = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(kept.seen))
    how_much = (
        f"about {lines:,} lines ({missing:,} bytes) are missing"
        if missing
        else "lines may be missing, and how many cannot be told"
    )
    last = f", the last of {kept.last_time}" if kept.last_time else ""
    return (
        f"{shown(os.fsdecode(kept.path))}: the file that was there at {looked} is gone, and so is what was "
        f"written to it after line {kept.line_number:,}{last}: {how_much}"
    )
