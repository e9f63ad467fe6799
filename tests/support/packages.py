"""Public packages for tests with real programs: installed once below .cache, each set in its own folder."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.root import ROOT

INSTALL_SECONDS = 120


def packages(name: str, *, npm: Sequence[str] = (), pypi: Sequence[str] = ()) -> Path:
    """Return a folder that has them: those of npm below node_modules, those of PyPI below python.

    Skips the test where there is no package index, or no node.
    """
    if npm and (shutil.which("node") is None or shutil.which("npm") is None):
        pytest.skip("there is no node here (apt install nodejs npm)")
    folder = ROOT / ".cache" / name
    mark = folder / "installed"
    wanted = "\n".join((*npm, *pypi))
    if not mark.exists() or mark.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        if npm:
            _install(folder, "npm", "install", "--no-audit", "--no-fund", *npm)
        if pypi:
            _install(folder, sys.executable, "-m", "pip", "install", "-q", "--target", "python", *pypi)
        mark.write_text(wanted)
    return folder


def _install(folder: Path, *command: str) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"packages cannot be installed here: {command[0]}: {error}")
