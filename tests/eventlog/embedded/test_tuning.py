"""The settings that depend on the machine."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from eventlog.embedded.tuning import server_options

GIB = 1 << 30
Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(("volume_gib", "max_wal_mb"), [(5, 1024), (30, 3072), (1000, 6144)])
def test_wal_takes_a_tenth_of_the_volume_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volume_gib: int, max_wal_mb: int
) -> None:
    asked = []

    def usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(volume_gib * GIB, 0, volume_gib * GIB)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert server_options(tmp_path)["max_wal_size"] == f"{max_wal_mb}MB"
    assert asked == [tmp_path]
