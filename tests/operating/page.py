"""The commands of docs/operating.md, run as they stand there."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.support.root import ROOT

BLOCK = re.compile(r"<!-- run: ([a-z0-9_ ]+) -->\n```sh\n(.*?)\n```", re.DOTALL)


@cache
def blocks() -> dict[str, str]:
    """Return the page's commands by their names."""
    return dict(BLOCK.findall((ROOT / "docs" / "operating.md").read_text(encoding="utf-8")))


def run(name: str, bindir: Path, **variables: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run one block in a shell, with these programs of PostgreSQL and these variables."""
    return run_script(blocks()[name], bindir, **variables)


def run_script(script: str, bindir: Path, **variables: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell that stops at the first error, as nobody should have to look for one."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("EVENTLOG_", "PG"))}
    path = f"{bindir}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=kept | {"PATH": path} | {n: str(v) for n, v in variables.items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def works(name: str, bindir: Path, **variables: str | Path) -> str:
    """Run one block, which must not fail; return what it said on stdout."""
    done = run(name, bindir, **variables)
    assert done.returncode == 0, f"{name}: {done.stdout}\n{done.stderr}"
    return done.stdout
