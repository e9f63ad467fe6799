"""Refuse to append before the disk is full: PostgreSQL cannot go on without room for its WAL.

A full volume of data costs nothing but refusals, a full volume of WAL ends the server until somebody
has made room. So appends stop a little earlier, reads and projections go on, and appends begin again by
themselves. Only where the server's folders are known, which are the embedded one's: PostgreSQL tells
nobody but a superuser how full its disk is.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from eventlog.errors import DiskFull
from eventlog.settings import Settings

# A tenth of a volume is kept free, but no more than this: of a large one that would be a waste.
FREE_SHARE = 0.1
FREE_BYTES_MAX = 1 << 30
LOOK_SECONDS = 0.5


def volumes(settings: Settings) -> list[Path]:
    """Return the folders whose volumes the embedded server fills; none where the server is another's."""
    cluster = settings.data_dir / "cluster"
    return [] if settings.dsn is not None else [cluster, cluster / "pg_wal"]


def free_bytes(folders: Sequence[Path]) -> int | None:
    """Return how much room is left on the fullest of some volumes; None where none can be asked."""
    found = []
    for folder in folders:
        with suppress(OSError):
            volume = os.statvfs(folder)
            found.append(volume.f_bavail * volume.f_frsize)
    return min(found, default=None)


class DiskRoom:
    """How full some volumes are, looked up twice a second at most."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._looked = 0.0
        self._full: str | None = None

    def require(self) -> None:
        """Raise DiskFull unless there is room on all of them."""
        if (full := self.full()) is not None:
            raise DiskFull(full)

    def full(self) -> str | None:
        """Return which one has too little room, in words."""
        now = time.monotonic()
        if self._folders and now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._full = next(filter(None, map(_full, self._folders)), None)
        return self._full


def _full(folder: Path) -> str | None:
    """Return what to say of a folder whose volume has too little room."""
    try:
        volume = os.statvfs(folder)
    except OSError:
        return None
    free, size = volume.f_bavail * volume.f_frsize, volume.f_blocks * volume.f_frsize
    if free >= min(size * FREE_SHARE, FREE_BYTES_MAX):
        return None
    return f"a volume of the database has {free >> 20:,} MiB of {size >> 20:,} left"
