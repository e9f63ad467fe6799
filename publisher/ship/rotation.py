"""What has been at a path since the last look: files that moved on, files in between, the one there now.

A path is where a writer writes; rotation takes the file away and puts another there, or copies it and empties
it. So for a path that is to be shipped the files that were known there are looked for first: at their place
under another name, or, copied or compressed, by their content; beside it, in folders below, and wherever
rotation is known to put them. What is left of them goes first, then files that came and went between two
looks, then the one that is there now. A file that is nowhere any more is named, with an estimate.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import msgspec

from publisher.errors import ShipError
from publisher.ship.files import LogFile, changed_ns, place_of, version_of
from publisher.ship.identity import NOBODY, Identities, Recognised, moved_here
from publisher.ship.names import canonical_name, is_family
from publisher.ship.opening import shown
from publisher.ship.positions import Look, Position, Positions
from publisher.ship.report import Lost
from publisher.ship.shipping import Shipping

# Files of one folder that are looked into for a copy of one that is gone, the newest first.
LOOKED_INTO_MAX = 200
FOLDERS_BELOW_MAX = 50
TIME_TOLERANCE_NS = 2_000_000_000


@dataclass(slots=True)
class LineUp:
    """The files of one path, in the order in which they were written; the one there now is last, if any."""

    look: Look
    files: list[tuple[LogFile, Position]] = field(default_factory=list)
    settled: list[Position] = field(default_factory=list)  # nothing is left of these, here is what to keep
    stayed: bool = False  # what was there at the last look still is
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
        self.more_folders: set[str] = {os.path.abspath(folder) for folder in shipping.rotated_to}

    def line_up(self, path: str, held: Mapping[str, int] = NOBODY) -> LineUp:
        """Find and open what is to be shipped for a path; keeps nothing, so that who calls it can at once.

        `held` are those that somebody is shipping already: file_ids, and descriptors.
        """
        here = os.fsencode(os.path.abspath(path))
        line_up = LineUp(Look(here, time.time()))
        self._open_current(path, line_up, held)
        current = line_up.found.position
        earlier = [
            kept
            for kept in self._positions.at_path(os.path.abspath(path))
            if kept.file_id not in held and (current is None or kept.file_id != current.file_id)
        ]
        if earlier or not line_up.stayed:
            self._find_others(path, earlier, held, line_up)
        line_up.files.sort(key=lambda pair: pair[0].status.st_mtime_ns)
        if line_up.current is not None and current is not None:
            line_up.files.append((line_up.current, current))
        return line_up

    def _find_others(
        self, path: str, earlier: list[Position], held: Mapping[str, int], line_up: LineUp
    ) -> None:
        """Find the files that were known at the path, then those that came and went since the last look."""
        looked = self._positions.looked_at(line_up.look.path)
        if not earlier and (looked is None or not _is_written_to(path)):
            return
        current = line_up.found.position
        beside = list(self._beside(path, [*earlier, *([current] if current else [])]))
        taken = {line_up.current.place} if line_up.current is not None else set[str]()
        unread = self._find_earlier(path, earlier, beside, taken, held, line_up)
        between: list[Position] = []
        # Only where somebody writes can there have been a file between two looks.
        if looked is not None and _is_written_to(path):
            # What was seen and never read is known by its place alone: elsewhere it is as good as unseen.
            never_read = [kept for kept in (*unread, current) if kept and not kept.opening]
            since = min([looked, *(changed_ns(kept.version) / 1e9 for kept in never_read if kept.version)])
            between = self._find_between(path, beside, taken, since, held, line_up)
        for kept in unread:
            heir = next((it for it in between if kept.opening in ("", it.opening)), None)
            if heir is not None:
                between.remove(heir)
            explained = heir is not None or self._was_packed_empty(path, kept, beside, taken)
            if explained or self._came_by_itself(path, kept, beside):
                line_up.settled.append(msgspec.structs.replace(kept, origin=b""))
            else:
                was_current = kept.path == line_up.look.path
                self._gone(path, kept, was_current and line_up.is_there, line_up)

    def _open_current(self, path: str, line_up: LineUp, held: Mapping[str, int]) -> None:
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
            here = line_up.look.path
            # Less than a line is soon another file's, too, and its inode with it.
            line_up.stayed = not found.is_new and position.path == here and bool(position.opening)
            position = msgspec.structs.replace(position, path=here, origin=position.origin or here)
            line_up.found = Recognised(position, None, found.is_new, found.said)

    def _find_earlier(
        self,
        path: str,
        earlier: list[Position],
        beside: list[_Beside],
        taken: set[str],
        held: Mapping[str, int],
        line_up: LineUp,
    ) -> list[Position]:
        """Open those of which something is left; returns those never read that left their place."""
        unread = []
        for kept in earlier:
            if (unchanged := _unchanged(kept, beside)) is not None:
                line_up.settled.append(msgspec.structs.replace(kept, path=os.fsencode(unchanged.path)))
            elif (heir := self._heir(path, kept, beside, taken, held)) is not None:
                taken.add(heir.place)
                line_up.files.append((heir, moved_here(kept, heir)))
            elif not kept.print.length:
                unread.append(kept)
            else:
                was_current = _is_written_to(path) and kept.path == line_up.look.path
                self._gone(path, kept, was_current and line_up.is_there, line_up)
        return unread

    def _heir(
        self,
        path: str,
        kept: Position,
        beside: list[_Beside],
        taken: set[str],
        held: Mapping[str, int],
    ) -> LogFile | None:
        """Open the file where it is now, at the place where reading goes on."""
        at_place = [entry for entry in beside if entry.place == kept.place and entry.place not in taken]
        for entry in at_place:
            if (file := self._opened(entry)) is None:
                continue
            if self._identities.is_still(file, kept, held):
                return file
            file.close()
        if not kept.print.length:
            return None
        since = changed_ns(kept.version) - TIME_TOLERANCE_NS
        family = [
            entry
            for entry in beside
            if entry.changed_ns >= since and entry.place not in taken and is_family(path, entry.path)
        ]
        for entry in sorted(family, key=lambda entry: -entry.changed_ns)[:LOOKED_INTO_MAX]:
            if (file := self._opened(entry)) is None:
                continue
            if self._identities.is_grown(file, kept, held):
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
        line_up.settled.append(msgspec.structs.replace(kept, origin=b""))

    def _find_between(
        self,
        path: str,
        beside: list[_Beside],
        taken: set[str],
        since: float,
        held: Mapping[str, int],
        line_up: LineUp,
    ) -> list[Position]:
        """Open the files that came to the path after the last look and left it before this one."""
        name, between = canonical_name(path), []
        # What was found just now is compared where it is by now: half a line is soon another file's, too.
        held = {**held, **{known.file_id: file.descriptor for file, known in line_up.files}}
        for entry in sorted(beside, key=lambda entry: entry.changed_ns):
            if entry.place in taken or entry.changed_ns < since * 1e9 - TIME_TOLERANCE_NS:
                continue
            if canonical_name(entry.path) != name or (file := self._opened(entry)) is None:
                continue
            position = self._identities.recognise(file, path, held).position
            if position is None or position.print.length or position.file_id in held:
                file.close()  # a copy, or known: the rest of it goes with the path that it belongs to
                continue
            taken.add(entry.place)
            line_up.said.append(f"{shown(path)}: {shown(entry.path)} was there meanwhile; it is shipped too")
            between.append(msgspec.structs.replace(moved_here(position, file), origin=line_up.look.path))
            line_up.files.append((file, between[-1]))
        return between

    def _was_packed_empty(self, path: str, kept: Position, beside: list[_Beside], taken: set[str]) -> bool:
        """Tell whether what was seen empty was packed so: packing keeps the time of the last change."""
        if not kept.version.startswith("0:"):
            return False
        name, changed = canonical_name(path), changed_ns(kept.version)
        for entry in beside:
            if entry.place in taken or abs(entry.changed_ns - changed) > TIME_TOLERANCE_NS:
                continue
            if canonical_name(entry.path) != name or (file := self._opened(entry)) is None:
                continue
            is_empty = not file.grows and file.is_empty()
            file.close()
            if is_empty:
                taken.add(entry.place)
                return True
        return False

    def _came_by_itself(self, path: str, kept: Position, beside: list[_Beside]) -> bool:
        """Tell whether what was never read may be a file that is shipped already, as a path of its own."""
        name, here = canonical_name(path), os.fsencode(os.path.abspath(path))
        since = changed_ns(kept.version) - TIME_TOLERANCE_NS
        return any(
            known.origin not in (b"", here) and kept.opening in ("", known.opening)
            for entry in beside
            if entry.changed_ns >= since and canonical_name(entry.path) == name
            for known in self._positions.at_place(entry.place)
        )

    def _beside(self, path: str, earlier: list[Position]) -> Iterator[_Beside]:
        folders = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]
        folders += [os.path.dirname(os.fsdecode(kept.path)) for kept in earlier]
        folders += sorted(self.more_folders)
        seen: set[str] = set()
        for entry in chain.from_iterable(map(_files_in_and_below, dict.fromkeys(folders))):
            if entry.place not in seen:
                seen.add(entry.place)
                yield entry


def _files_in_and_below(folder: str) -> Iterator[_Beside]:
    """Yield a folder's regular files, then those of the folders in it."""
    below: list[str] = []
    yield from _files_in(folder, below)
    for deeper in below[:FOLDERS_BELOW_MAX]:
        yield from _files_in(deeper, [])


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
