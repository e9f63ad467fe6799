"""The paths that the user named: files, folders, patterns with * ? [ ], which are matched again and again."""

import glob
import os
import stat
from dataclasses import dataclass

from publisher.errors import ShipError
from publisher.ship.names import STDIN, canonical_name
from publisher.ship.opening import shown

JOURNAL = "journald:"


@dataclass(frozen=True, slots=True)
class Target:
    """One argument of `ship`."""

    text: str
    kind: str  # file, folder, pattern, journal

    def paths(self) -> list[str]:
        """Return the paths that it means now; a file's also when there is none (yet)."""
        if self.kind == "file":
            return [self.text]
        if self.kind == "journal":
            return []
        if self.kind == "pattern":
            found = glob.glob(self.text, recursive=True)
            return sorted(path for path in found if not os.path.isdir(path))
        with os.scandir(self.text) as entries:
            return sorted(entry.path for entry in entries if entry.is_file(follow_symlinks=False))


def target_of(text: str) -> Target:
    """Tell what an argument means; a file may have * in its name. Raises ShipError for a mistyped folder."""
    if text == STDIN:
        return Target(text, "file")
    if text.startswith(JOURNAL) and not os.path.lexists(text):
        return Target(text, "journal")
    if os.path.lexists(text):
        is_folder = stat.S_ISDIR(os.stat(text).st_mode) if os.path.exists(text) else False
        return Target(text, "folder" if is_folder else "file")
    if glob.has_magic(text):
        folder = os.path.dirname(text)
        while glob.has_magic(folder):
            folder = os.path.dirname(folder)
        _check_folder(text, folder)
        return Target(text, "pattern")
    _check_folder(text, os.path.dirname(text))
    return Target(text, "file")


def _check_folder(text: str, folder: str) -> None:
    if folder and not os.path.isdir(folder):
        raise ShipError(f"{shown(text)}: there is no folder {shown(folder)}")


def families(paths: list[str]) -> list[list[str]]:
    """Group what rotation of one path may have made, each the oldest first, without repeats."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path in dict.fromkeys(os.path.abspath(path) for path in paths):
        groups.setdefault((os.path.dirname(path), canonical_name(path)), []).append(path)
    return [sorted(group, key=_changed) for group in groups.values()]


def _changed(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return float("inf")
