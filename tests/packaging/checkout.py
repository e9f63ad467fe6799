"""The checkout that is tested, as its files."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.root import ROOT


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def committed_files() -> list[Path]:
    """Return the files under version control; none where this is no clone (an unpacked archive)."""
    # A checkout that belongs to somebody else is trusted for this one command.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    try:
        listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    paths = (ROOT / name for name in listing.split("\0") if name)
    return [path for path in paths if path.is_file()]
