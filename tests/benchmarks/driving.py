"""Drive a load generator: start it, say go, hold it back while the projections are too far behind."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import msgspec

from tests.benchmarks.generator import Plan, Report

POLL_SECONDS = 0.025


class Generator:
    """A generator process with all its requests made. Use as a context manager."""

    def __init__(self, plan: Plan) -> None:
        self._folder = TemporaryDirectory(prefix="eventlog-bench-")
        self._report = Path(self._folder.name) / "report.json"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.generator", self._report],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._say(msgspec.json.encode(plan).decode())
        self._hear("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.process.kill()
        self.process.communicate()
        self._folder.cleanup()

    def go(self) -> None:
        """Begin to send."""
        self._say("go")

    def bound(self, pending: Callable[[], int], most: int) -> None:
        """Hold the generator back while more than `most` deliveries are pending, until all is sent."""
        held = False
        while not self._is_done(POLL_SECONDS):
            too_many = pending() > most
            if too_many != held:
                # It may have sent all and ended while we looked.
                with suppress(BrokenPipeError):
                    self._say("hold" if too_many else "on")
                held = too_many

    def report(self) -> Report:
        """Wait for the end and return what became of it."""
        self._hear("done")
        return msgspec.json.decode(self._report.read_bytes(), type=Report)

    def _is_done(self, seconds: float) -> bool:
        import select

        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()

    def _hear(self, word: str) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline() != word.encode() + b"\n":
            raise RuntimeError(f"the load generator ended with {self.process.wait()} before it was {word}")


def wait_until(condition: Callable[[], bool], deadline_seconds: float = 60.0) -> None:
    """Wait for a condition; raises TimeoutError when the deadline passes."""
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {deadline_seconds:g} s")
        time.sleep(POLL_SECONDS)
