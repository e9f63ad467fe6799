"""How far each file is shipped, kept on disk so that an interrupted run goes on where it was.

A position moves only past what is acknowledged, so a crash repeats at most what came after the last save,
under the same event_ids. Saved *before* it is sent is what could not be decided the same way again: that a
file is a new one, a fingerprint by which it is known wherever it goes, and where a record ends that only
time or the file's end closed. All that one look at a path found is saved in one step, with its time.

SQLite in WAL mode: a killed process loses nothing; a power cut may lose the last saves, which repeats more.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from eventlog.statements import SQL_DIR, named_statements
from publisher.errors import ShipError
from publisher.ship.fingerprint import Fingerprint
from publisher.ship.times.layout import TimeFormat

FORGET_AFTER_SECONDS = 400 * 86400
FILES_MAX = 200_000
BUSY_SECONDS = 30.0


class Witness(msgspec.Struct, frozen=True):
    """An acknowledged event and where it may lie: a log without it is not the one that was shipped to."""

    event_id: str
    deliveries: list[str]


class Look(msgspec.Struct, frozen=True):
    """When a path was looked at: whatever was there before is known, later files may not be."""

    path: bytes
    looked: float


class Position(msgspec.Struct, frozen=True):
    """One file, wherever it is by now, and how far it is shipped."""

    file_id: str
    name: str  # when it was first seen: topic and source come of it
    opening: str
    path: bytes = b""
    place: str = ""
    version: str = ""
    kind: str = ""
    origin: bytes = b""  # the path that was to be shipped when it was first seen there
    whole: bool = False  # all of this version was read
    seen: float = 0.0
    print: Fingerprint = Fingerprint()
    offset: int = 0
    line_number: int = 0  # lines that ended before the offset
    inside: int = 0  # parts so far of a line that is too long, when the offset is inside it
    sealed: int = 0  # a record ends here, whatever follows
    records: int = 0
    first_offset: int = 0  # what lies before was shipped by an earlier version, under other ids
    first_line: int = 0
    first_inside: int = 0
    time: str = ""  # of the last record
    first_time: str = ""
    last_time: str = ""
    times: TimeFormat = TimeFormat()
    gaining: float = 0.0  # bytes a second, at the last look
    witness: Witness | None = None

    @property
    def is_dated(self) -> bool:
        """Tell whether time stamps of its own set it apart from files that were written at other times."""
        return bool(self.first_time)


def default_state_dir() -> Path:
    """Return where positions are kept: $XDG_STATE_HOME/eventlog/ship or ~/.local/state/eventlog/ship."""
    base = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local/state") / "eventlog/ship"
    except RuntimeError:
        raise ShipError("there is no home folder to keep positions in; choose one with --state-dir") from None


_decode = msgspec.json.Decoder(Position).decode
_encode = msgspec.json.Encoder().encode


class Positions:
    """The positions of one way of shipping (a log, and the flags that make the events)."""

    def __init__(self, directory: Path, way: list[str]) -> None:
        self.directory = directory
        self._way = sha256(_encode(way)).hexdigest()[:32]
        with self._told():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError(13, "it is not writable")
            self._database = sqlite3.connect(
                directory / "positions.db",
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            os.chmod(directory / "positions.db", 0o600)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_schema())
            self._forget()

    def save(self, positions: Iterable[Position], look: Look | None = None) -> None:
        """Keep them, all in one step, and the look at a path that found them."""
        rows = [self._row(position) for position in positions]
        with self._told(), self._transaction():
            self._database.executemany(_sql("save"), rows)
            if look is not None:
                row = {"way": self._way, "path": look.path, "looked": look.looked}
                self._database.execute(_sql("save_look"), row)

    def looked_at(self, path: bytes) -> float | None:
        """Return when the last look at a path began of which all that it found was kept."""
        with self._told():
            row = self._database.execute(_sql("look_at"), {"way": self._way, "path": path}).fetchone()
        (looked,) = row or (None,)
        return None if looked is None else float(looked)

    def at_place(self, place: str) -> list[Position]:
        """Return what is known of files at this device and inode, the latest first."""
        return self._read("by_place", place=place)

    def with_opening(self, opening: str) -> list[Position]:
        """Return the files that begin with the same line."""
        return self._read("by_opening", opening=opening)

    def at_path(self, path: str) -> list[Position]:
        """Return the files that were first seen at this path, the oldest first, unless they are done with."""
        return self._read("by_path", path=os.fsencode(path))

    def of_file(self, file_id: str) -> Position | None:
        """Return one file's."""
        return next(iter(self._read("by_id", file_id=file_id)), None)

    def copied_from(self, place: str, version: str) -> str | None:
        """Return whose copy the file at a place was found to be, if it has not changed since."""
        parameters = {"way": self._way, "place": place, "version": version}
        with self._told():
            row = self._database.execute(_sql("copy_at"), parameters).fetchone()
        (file_id,) = row or (None,)
        return None if file_id is None else str(file_id)

    def note_copy(self, place: str, version: str, file_id: str) -> None:
        """Remember a file that holds nothing of its own."""
        row = {"way": self._way, "place": place, "version": version, "file_id": file_id, "seen": time.time()}
        with self._told():
            self._database.execute(_sql("save_copy"), row)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _read(self, statement: str, **parameters: object) -> list[Position]:
        with self._told():
            rows = self._database.execute(_sql(statement), {"way": self._way, **parameters}).fetchall()
        return [_decode(position) for (position,) in rows]

    def _row(self, position: Position) -> dict[str, object]:
        return {
            "way": self._way,
            "file_id": position.file_id,
            "place": position.place,
            "opening": position.opening,
            "path": position.origin,
            "seen": position.seen,
            "position": _encode(position),
        }

    def _forget(self) -> None:
        for statement in ("forget_files", "forget_copies", "forget_looks"):
            before = time.time() - FORGET_AFTER_SECONDS
            self._database.execute(_sql(statement), {"before": before, "most": FILES_MAX})

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ShipError(
                f"cannot keep positions in {self.directory}: {reason}; choose a folder with --state-dir"
            ) from None


def _schema() -> str:
    return (SQL_DIR / "ship" / "schema.sql").read_text(encoding="utf-8")


def _sql(name: str) -> str:
    return named_statements(SQL_DIR / "ship" / "short.sql")[name]
