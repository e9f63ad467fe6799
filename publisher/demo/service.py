"""The demo's service: the API and workers as real processes, which never outlive the demo.

Each is started through the embedded server's launcher, so that the kernel kills it when the demo ends
by whatever means, kill -9 included.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from eventlog.embedded.process import launched
from eventlog.errors import EventlogError

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0
POLL_SECONDS = 0.02
LISTENS = re.compile(r"eventlog listens on (http://\S+?);")


class Part:
    """One process of the service, and the file with what it says."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], directory: Path) -> None:
        """Start it. To be called from the main thread: the process ends when the calling thread does."""
        self.name = name
        self.log = directory / f"{name.replace(' ', '-')}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                launched([sys.executable, "-m", "eventlog", *arguments], signal.SIGKILL),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C is for the demo, which then stops its parts in order.
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def said(self) -> str:
        """Return what the process has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as a power switch would, and wait for its end."""
        self.process.kill()
        self.process.wait()


class Service:
    """An API and workers over one database."""

    def __init__(self, dsn: str, directory: Path) -> None:
        self._directory = directory
        self._parts: list[Part] = []
        self._workers = 0
        # What is set for somebody's own eventlog or libpq is not meant for the demo.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EVENTLOG_", "PG"))}
        self._environment = kept | {"EVENTLOG_DSN": dsn, "EVENTLOG_LOG_LEVEL": "warning"}

    def start_api(self) -> str:
        """Start the API on a free port, which migrates the database; return its address once it is ready."""
        part = self._start("api", ["up", "--host", "127.0.0.1", "--port", "0", "--workers", "0"])
        url = ""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not url or not _is_ready(url):
            if not part.runs or time.monotonic() > deadline:
                raise EventlogError(f"the demo's API did not start; it said:\n{part.said()[-2000:]}")
            time.sleep(POLL_SECONDS)
            found = LISTENS.search(part.said())
            url = found[1] if found else ""
        return url

    def start_worker(self) -> Part:
        """Start a process with one worker; returns at once."""
        self._workers += 1
        return self._start(f"worker {self._workers}", ["worker"])

    def run(self, *arguments: str) -> int:
        """Run a command to its end; return its exit code."""
        part = self._start(arguments[0], list(arguments))
        code = part.process.wait()
        self._parts.remove(part)
        return code

    def __len__(self) -> int:
        return len(self._parts)

    def ended(self) -> list[Part]:
        """Return the parts that ended though nobody ended them."""
        return [part for part in self._parts if not part.runs]

    def kill(self, part: Part) -> None:
        """Kill -9 one part."""
        self._parts.remove(part)
        part.kill()

    def stop(self) -> None:
        """Stop everything cleanly; what does not stop in time is killed."""
        for part in reversed(self._parts):
            part.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for part in self._parts:
            try:
                part.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.kill()
        self._parts.clear()

    def _start(self, name: str, arguments: list[str]) -> Part:
        part = Part(name, arguments, self._environment, self._directory)
        self._parts.append(part)
        return part


def _is_ready(url: str) -> bool:
    # Never through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=2.0):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
