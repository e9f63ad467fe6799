"""What a figure depends on beside the code: machine, versions, durability as the server says it is."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.statements import statement
from tests.support.root import ROOT

PACKAGES = ("uvicorn", "uvloop", "httptools", "msgspec", "psycopg", "fastapi")


def surroundings(arena: Arena, place: Place) -> dict[str, Any]:
    """Return everything that matters, for the JSON and below the tables."""
    settings: dict[str, str] = dict(place.observer.execute(statement("settings")).fetchall())
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "changed_files": len(_git("status", "--porcelain").splitlines()),
        "cores": os.cpu_count() or 0,
        "cpu": _cpu(),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30), 1),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "file_system": _file_system(arena.folder),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "partitions": _partitions(place),
        "postgres": settings,
    }


def commit() -> str:
    """Return the commit that is checked out."""
    return _git("rev-parse", "--short", "HEAD")


def _partitions(place: Place) -> int:
    return int(place.observer.execute(statement("partitions")).fetchall()[0][0])


def _git(*arguments: str) -> str:
    """Return what git says; nothing where this is no checkout."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20)
    except OSError:
        return ""
    return done.stdout.strip()


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """Return the kind of file system that holds a folder: on tmpfs, fsync would mean nothing."""
    held = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    return max(held, key=lambda part: len(part.mountpoint)).fstype if held else "unknown"
