"""Which file is this? Decided by place, and by content where the place is new; never by its name alone.

    at a known place, and its beginning is as it was      → that file, perhaps grown
    elsewhere, and all that was read of one that is gone  → that file, renamed, copied or compressed
    elsewhere, and no more than one that is still there   → a copy: nothing of it is new
    elsewhere, and dated, all of one and more             → that file, grown in its copy
    else                                                  → a new file

Two files with the same content cannot be told apart where no time stamps are in them and they were written
at different times: one may be a copy, or another night's run that printed the same. It is taken for a file
of its own, since that loses nothing, and said, with the flag that decides it.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec

from publisher.errors import ShipError
from publisher.ship.earlier import earlier_position
from publisher.ship.files import LogFile, changed_ns
from publisher.ship.fingerprint import Fingerprint
from publisher.ship.names import canonical_name, is_family
from publisher.ship.opening import shown
from publisher.ship.positions import Position, Positions
from publisher.ship.shipping import Shipping

FILE_ID_CHARACTERS = 24
CANDIDATES_MAX = 50
NOBODY: Mapping[str, int] = {}
SAME_CONTENT = "--copies skip passes over such files, --copies ship takes each for a file of its own"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was recognised as. Without a position there is nothing of it to ship (yet)."""

    position: Position | None = None
    copy_of: Position | None = None
    is_new: bool = False
    said: str | None = None
    later: bool = False  # somebody ships what it was made of, and goes on with it here


class Identities:
    """Recognise files. Its methods read, so they belong in a thread, one at a time."""

    def __init__(self, positions: Positions, shipping: Shipping, url: str) -> None:
        self._positions = positions
        self._shipping = shipping
        self._url = url

    def recognise(self, file: LogFile, origin: str, held: Mapping[str, int] = NOBODY) -> Recognised:
        """Tell which file it is; leaves it where reading goes on. `held` are being shipped: descriptors."""
        known = self._at_its_place(file, held)
        if known is not None:
            return known
        copied = self._positions.copied_from(file.place, file.version)
        original = self._positions.of_file(copied) if copied and self._shipping.copies != "ship" else None
        if original is not None:
            return Recognised(copy_of=original)
        opening = file.opening() or ""
        if not opening and not file.grows and file.is_empty():
            return Recognised()  # nothing was packed, and nothing will be
        if not opening and not self._takes_half_a_line(file):
            return self.new(file, "")  # known by its place until there is a line
        carried = self._carried_over(file, origin, opening)
        if carried is not None:
            return carried
        found = self._by_content(file, opening, held)
        if found.copy_of is not None:
            self._positions.note_copy(file.place, file.version, found.copy_of.file_id)
        return found

    def new(self, file: LogFile, opening: str, said: str | None = None) -> Recognised:
        """Make it a file of its own."""
        file.begin()
        name = self._shipping.name or canonical_name(file.path)
        place = file.place
        plain_id = file_id = _file_id(place, opening)
        number = 1
        while self._positions.of_file(file_id) is not None:
            number += 1
            file_id = f"{plain_id}-{number}"
        position = Position(file_id=file_id, name=name, opening=opening)
        return Recognised(position=moved_here(position, file), is_new=True, said=said)

    def _at_its_place(self, file: LogFile, held: Mapping[str, int]) -> Recognised | None:
        for kept in self._positions.at_place(file.place):
            if not file.grows and kept.whole and (kept.version, kept.kind) == (file.version, file.kind):
                file.finished = True
                return Recognised(position=kept)
            if not self.is_still(file, kept, held):
                continue
            if self._may_be_another_run(file, kept):
                if self._shipping.copies == "skip":
                    return Recognised(position=kept, said=_ambiguous(file, kept, "taken for that one"))
                said = _ambiguous(file, kept, "taken for another run that printed the same")
                return self.new(file, kept.opening, said)
            return Recognised(position=kept)
        return None

    def is_still(self, file: LogFile, kept: Position, held: Mapping[str, int] = NOBODY) -> bool:
        """Tell whether what is at a known file's place is that file; it is left where reading goes on.

        An inode is given to another file once its own is deleted: under another name the ends are not
        enough, and less than a line of it proves nothing where the content is another known file's. One that
        was never read has no content to be known by, so only a name that rotation gives says that it moved.
        """
        if not may_be(file, kept):
            return False
        moved = kept.path != os.fsencode(os.path.abspath(file.path))
        if moved and not kept.print.length and not is_family(os.fsdecode(kept.path), file.path):
            return False
        if moved and kept.version != file.version:
            if not file.grows and file.kind != kept.kind:
                return False
            if not file.begins_with(kept.print):
                return False
            if not (kept.opening and kept.print.length) and self._is_known_elsewhere(file, kept, held):
                return False
        return file.resume(kept.offset, kept.print)

    def is_grown(self, file: LogFile, kept: Position, held: Mapping[str, int] = NOBODY) -> bool:
        """Tell whether a file elsewhere has all that was read of a known one; it is left where that ends."""
        if kept.opening:
            same = file.opening() == kept.opening and file.begins_with(kept.print)
        else:  # less than a line: only what is nobody else's
            same = file.begins_with(kept.print) and not self._is_known_elsewhere(file, kept, held)
        return same and file.resume(kept.offset, kept.print)

    def _is_known_elsewhere(self, file: LogFile, kept: Position, held: Mapping[str, int]) -> bool:
        """Tell whether its content is another known file's, of which a line at least was seen."""
        opening = file.opening()
        if not opening:
            return False
        found = self._by_content(file, opening, held)
        other = found.copy_of or (None if found.is_new else found.position)
        return other is not None and bool(other.opening) and other.file_id != kept.file_id

    def _may_be_another_run(self, file: LogFile, kept: Position) -> bool:
        """Tell whether it was written again with the same content, as far as anybody can see."""
        return (
            file.grows
            and not kept.is_dated
            and 0 < kept.offset == kept.print.length == file.status.st_size
            and kept.version != file.version
        )

    def _takes_half_a_line(self, file: LogFile) -> bool:
        return file.status.st_size > 0 and (self._shipping.partial or not file.grows)

    def _carried_over(self, file: LogFile, origin: str, opening: str) -> Recognised | None:
        key = self._shipping.earlier_key(self._url, os.path.realpath(origin))
        kept = earlier_position(self._positions.directory, key, file)
        if kept is None:
            file.begin()
            return None
        offset, inside = kept.cursor.offset, 0
        if file.grows and kept.complete_size > offset:
            offset, inside = kept.complete_size, 1  # the last line was shipped without its newline
        made = self.new(file, opening).position
        assert made is not None, "a new file has a position"
        print_ = self._read_to(file, offset)
        position = msgspec.structs.replace(
            made,
            offset=offset,
            first_offset=offset,
            first_line=kept.cursor.line_number,
            first_inside=inside,
            line_number=kept.cursor.line_number,
            inside=inside,
            print=print_,
            records=kept.records,
        )
        if not file.resume(offset, print_):
            return None
        return Recognised(position=position, said=f"{shown(origin)}: goes on where an earlier version was")

    def _read_to(self, file: LogFile, offset: int) -> Fingerprint:
        file.begin()
        while file.offset < offset and file.read()[1]:
            pass
        return file.fingerprint()

    def _by_content(self, file: LogFile, opening: str, held: Mapping[str, int]) -> Recognised:
        said = None
        for kept in self._candidates(file, opening):
            with _still_there(kept, held.get(kept.file_id)) as original:
                is_copy = original is not None and file.is_beginning_of(original)
                may_go_on = (original is None or kept.is_dated) and kept.file_id not in held
                if (
                    original is None
                    and kept.opening
                    and kept.file_id in held
                    and file.begins_with(kept.print)
                ):
                    return Recognised(later=True)  # it was emptied, and whoever ships it has yet to notice
                if not is_copy and not (may_go_on and file.begins_with(kept.print)):
                    continue
                version = kept.version if original is None else original.version
                own = self._is_of_its_own(file, kept, version, original is None)
            if own is None and is_copy:
                return Recognised(copy_of=kept)
            if own is None and file.resume(kept.offset, kept.print):
                return Recognised(position=kept)
            said = said or own
        return self.new(file, opening, said)

    def _is_of_its_own(self, file: LogFile, kept: Position, version: str, gone: bool) -> str | None:
        """Return what to say when equal content is taken for another file's all the same."""
        if self._shipping.copies == "skip":
            return None
        same_time = changed_ns(version) == changed_ns(file.version)
        if gone and kept.place.rpartition(":")[2] == file.place.rpartition(":")[2]:
            return None  # the same inode: what changed is the device's number
        moved_away = gone and os.fsencode(os.path.abspath(file.path)) != kept.path
        if self._shipping.copies == "auto" and (kept.is_dated or same_time or moved_away):
            return None
        if self._shipping.copies == "ship" and moved_away:
            return None
        return _ambiguous(file, kept, "taken for a file of its own")

    def _candidates(self, file: LogFile, opening: str) -> list[Position]:
        name = canonical_name(file.path)
        found = self._positions.with_opening(opening) if opening else []
        found.sort(
            key=lambda kept: (kept.name == name, kept.version == file.version, kept.seen), reverse=True
        )
        # Of these less than a line was seen, and nothing shipped: to take one for another does no harm.
        begun = [kept for kept in self._positions.with_opening("") if kept.name == name and kept.print.length]
        return [*found[:CANDIDATES_MAX], *begun[:CANDIDATES_MAX]]


def may_be(file: LogFile, kept: Position) -> bool:
    """Tell whether it may be one that was seen and never read: as far as was seen, by its first line."""
    return bool(kept.print.length or not kept.opening) or file.opening() == kept.opening


def moved_here(position: Position, file: LogFile) -> Position:
    """Note where the file is by now."""
    return msgspec.structs.replace(
        position,
        path=os.fsencode(os.path.abspath(file.path)),
        place=file.place,
        version=file.version,
        kind=file.kind,
        seen=time.time(),
    )


class _still_there:  # noqa: N801  used as a function is, with `with`
    """Open the file of a position for as long as it is compared; None when it is gone or another one.

    One that is being shipped is there through its descriptor, though its name and its last link may be gone.
    """

    def __init__(self, kept: Position, descriptor: int | None) -> None:
        self._file: LogFile | None = None
        path = os.fsdecode(kept.path) if descriptor is None else f"/proc/self/fd/{descriptor}"
        with suppress(ShipError):
            self._file = LogFile(path, links=True)
            same = self._file.place == kept.place and self._file.resume(kept.offset, kept.print)
            if not same:
                self._file.close()
                self._file = None

    def __enter__(self) -> LogFile | None:
        return self._file

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()


def _ambiguous(file: LogFile, kept: Position, verdict: str) -> str:
    return (
        f"{shown(file.path)}: has the content of {shown(os.fsdecode(kept.path))}, which is shipped, and no "
        f"time stamps to tell them apart; {verdict}. {SAME_CONTENT}"
    )


def _file_id(place: str, opening: str) -> str:
    inode = place.rpartition(":")[2]  # a device's number may change with a restart of the machine
    return sha256(f"{_machine()}\0{inode}\0{opening}".encode()).hexdigest()[:FILE_ID_CHARACTERS]


@cache
def _machine() -> str:
    with suppress(OSError):
        return Path("/etc/machine-id").read_text().strip()
    return os.uname().nodename
