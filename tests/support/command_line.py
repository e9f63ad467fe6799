"""The command line, as a process."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "eventlog")


def only(**settings: str) -> dict[str, str]:
    """Return an environment with these settings of ours and no others."""
    return {n: value for n, value in os.environ.items() if not n.startswith("EVENTLOG_")} | settings


def eventlog(
    *arguments: str | Path, answer: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, with these settings of ours and no others; `answer` is its input."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=only(**environment),
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
