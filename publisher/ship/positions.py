"""How far each file is shipped, kept on disk so that an interrupted run goes on where it was.

A position is written only for what is acknowledged, so a crash at any moment repeats at most what came
after the last write; repeated records have the same event_ids and are dropped as duplicates.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from publisher.errors import ShipError
from publisher.ship.files import Fingerprint
from publisher.ship.records import Cursor


class Witness(msgspec.Struct, frozen=True):
    """An acknowledged event and where it may lie: a log without it is not the one that was shipped to."""

    event_id: str
    deliveries: list[str]


class Position(msgspec.Struct, frozen=True):
    """How far one file is shipped."""

    path: str
    device: int
    inode: int
    cursor: Cursor
    fingerprint: Fingerprint
    records: int
    # The file's size when all of it, also a last line without newline, was shipped; -1 before that.
    complete_size: int = -1
    witness: Witness | None = None


def default_state_dir() -> Path:
    """Return where positions are kept: $XDG_STATE_HOME/eventlog/ship or ~/.local/state/eventlog/ship."""
    base = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local/state") / "eventlog/ship"
    except RuntimeError:
        raise ShipError("there is no home folder to keep positions in; choose one with --state-dir") from None


class Positions:
    """The folder with one small file for each (API, file, way of shipping it)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError(13, "it is not writable")
        except OSError as error:
            raise ShipError(
                f"cannot keep positions in {directory}: {error.strerror}; choose a folder with --state-dir"
            ) from None

    def load(self, key: list[str]) -> Position | None:
        """Return what was kept under the key; a file that is not readable as such counts as none."""
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._file(key).read_bytes(), type=Position)
        return None

    def save(self, key: list[str], position: Position) -> None:
        """Replace the position in one step: after a crash there is the old one or the new one, never half."""
        target = self._file(key)
        new = target.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("wb") as file:
                file.write(msgspec.json.encode(position))
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        except OSError as error:
            raise ShipError(f"cannot keep the position in {target}: {error.strerror}") from None

    def _file(self, key: list[str]) -> Path:
        return self._directory / f"{sha256(msgspec.json.encode(key)).hexdigest()[:32]}.json"
