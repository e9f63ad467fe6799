"""Readers of npm, of PyPI and in a browser: whatever becomes of the API, none misses or repeats an event.

They are installed once, below .cache; where there is no package index or no node, they are skipped.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import httpx2
import msgspec
import pytest

from tests.api.console.running import BROWSER
from tests.support.deliveries import append_events
from tests.support.deliveries import event as made
from tests.support.packages import packages
from tests.support.projecting import project_all
from tests.support.root import ROOT
from tests.support.streaming import by_partition, places_in_log
from tests.support.waiting import until

HERE = Path(__file__).parent
NPM = ("eventsource@4.1.0", "eventsource-client@1.2.0", "launchdarkly-eventsource@2.2.0")
PYPI = ("sseclient-py==1.9.0", "httpx-sse==0.4.3", "httpx==0.28.1", "requests==2.32.5")
OF_PYTHON = {"sseclient-py": "follow.py", "httpx-sse": "follow.py", "chromium": "follow_in_browser.py"}
READERS = [*(name.partition("@")[0] for name in NPM), *(OF_PYTHON if BROWSER else list(OF_PYTHON)[:2])]


@pytest.fixture(scope="module")
def installed() -> Path:
    """Install the readers where they are not there yet; return the folder."""
    folder = packages("readers", npm=NPM, pypi=PYPI)
    shutil.copy(HERE / "follow.mjs", folder)  # node looks for packages beside the script
    return folder


class Reading(msgspec.Struct, frozen=True):
    """A reader that runs, and what it has printed."""

    name: str
    printed: Path

    @property
    def lines(self) -> list[str]:
        return self.printed.read_text().splitlines()

    @property
    def places(self) -> list[tuple[int, int]]:
        """Partition and position of the events that came, in their order."""
        pairs = (line.split(":") for line in self.lines if ":" in line)
        return [(int(partition), int(position)) for partition, position in pairs]


@contextmanager
def reading(name: str, url: str, folder: Path, printed: Path) -> Iterator[Reading]:
    of_python = OF_PYTHON.get(name)
    command = [sys.executable, str(HERE / of_python)] if of_python else ["node", "follow.mjs"]
    with printed.open("wb") as said, printed.with_suffix(".err").open("wb") as wrong:
        process = subprocess.Popen(
            [*command, name, url],
            cwd=folder,
            stdout=said,
            stderr=wrong,
            env={**os.environ, "PYTHONPATH": f"{folder / 'python'}:{ROOT}"},
        )
        try:
            yield Reading(name, printed)
        finally:
            process.kill()
            process.wait()


class Api:
    """`eventlog api` as a process of its own, on one port, however often it is ended."""

    def __init__(self, dsn: str, said: IO[bytes]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._said = said
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")},
            "EVENTLOG_DSN": dsn,
            "EVENTLOG_PORT": str(self.port),
            "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eventlog", "api"],
            env=self._environment,
            stdout=self._said,
            stderr=self._said,
        )
        until(self._is_ready, deadline_seconds=60, message="the API does not start")

    def end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz").status_code == 200
        except httpx2.TransportError:
            return False


def test_every_reader_gets_every_event_once_across_restarts(
    database: str, installed: Path, tmp_path: Path
) -> None:
    numbers = iter(range(10_000))

    def publish() -> None:
        append_events(database, [made(f"t.{next(numbers) % 7}") for _ in range(40)])
        project_all(database)

    with ExitStack() as stack:
        api = Api(database, stack.enter_context((tmp_path / "api.log").open("wb")))
        stack.callback(lambda: api.end(signal.SIGKILL))
        api.start()
        readers = [
            stack.enter_context(
                reading(name, f"{api.url}/events/stream", installed, tmp_path / f"{name}.out")
            )
            for name in READERS
        ]
        for each in readers:
            until(lambda each=each: "place" in each.lines, deadline_seconds=30, message=each.name)  # type: ignore[misc]
        # The first restart finds readers who have had no event yet.
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            api.end(number)
            publish()
            api.start()
            publish()
        expected = places_in_log(database)
        for each in readers:
            until(
                lambda each=each: len(each.places) >= 240,  # type: ignore[misc]
                deadline_seconds=60,
                message=lambda each=each: f"{each.name}: {len(each.places)} of 240",  # type: ignore[misc]
            )
            assert by_partition(each.places) == expected, each.name
