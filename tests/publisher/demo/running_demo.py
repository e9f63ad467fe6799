"""Run `eventlog demo` as its users do, in a folder of its own, and see its processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.root import ROOT
from tests.support.waiting import until

SECONDS_MAX = 120.0


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a demo that makes its temporary directory in `folder`; kill what is left of it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")}
    with subprocess.Popen(
        [sys.executable, "-m", "eventlog", "demo", *arguments],
        cwd=ROOT,
        env=ours | {"TMPDIR": str(folder), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def run_demo(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a demo to its end; return exit code, stdout and stderr."""
    with running_demo(folder, *arguments) as process:
        output, talk = process.communicate(timeout=SECONDS_MAX)
        return process.returncode, output, talk


def file_of_demo(folder: Path, name: str, process: "subprocess.Popen[str]") -> Path:
    """Wait until the demo has made a file; return its path."""

    def found() -> list[Path]:
        assert process.poll() is None, "the demo ended early"
        return list(folder.glob(f"eventlog-demo-*/{name}"))

    return until(found, deadline_seconds=60, message=f"the demo made no {name}")[0]


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return every process below the demo, PostgreSQL's too."""
    return psutil.Process(process.pid).children(recursive=True)


def still_running(processes: list[psutil.Process]) -> list[str]:
    """Return the command lines of those that have not ended; a zombie has."""
    running = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(" ".join(process.cmdline()))
    return running
