"""The command line, as a process."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "eventlog")


def eventlog(
    *arguments: str | Path, answer: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, with these settings of ours and no others; `answer` is its input."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")}
    return subprocess.run(
        [*COMMAND, *arguments],
        env=inherited | environment,
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
