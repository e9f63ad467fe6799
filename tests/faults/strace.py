"""System calls of a running process that fail or dawdle, by strace's fault injection."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.waiting import until


@cache
def why_not() -> str:
    """Return what this machine lacks, or nothing."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt install strace)"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as probe:
        try:
            with injected([probe.pid], "fsync:error=EIO"):
                return ""
        except AssertionError as error:
            return f"strace may not look into another process here: {error}"
        finally:
            probe.kill()


@contextmanager
def injected(pids: Sequence[int], *faults: str, path: Path | None = None) -> Iterator[None]:
    """Have system calls of these processes, and of what they fork, go wrong until the end.

    `faults` as in strace's --inject, such as `fdatasync:error=EIO:when=3`; counted in each process. With a
    `path`, only calls that concern this file.
    """
    command = ["strace", "-f", "-qq", "-o", "/dev/null"]
    command += [argument for fault in faults for argument in ("-e", f"inject={fault}")]
    command += [] if path is None else ["-P", str(path)]
    command += [argument for pid in pids for argument in ("-p", str(pid))]
    with tempfile.TemporaryFile("w+") as said:
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=said)
        try:
            until(
                lambda: tracer.poll() is not None or all(_tracer_of(pid) == tracer.pid for pid in pids),
                message="strace does not attach",
            )
            said.seek(0)
            assert tracer.poll() is None, said.read()
            yield
        finally:
            if tracer.poll() is None:
                tracer.send_signal(signal.SIGINT)
            tracer.wait(10)


def _tracer_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("TracerPid:"))
