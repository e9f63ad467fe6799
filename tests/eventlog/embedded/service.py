"""`eventlog up` as a process, on a data directory of its own."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from eventlog.embedded.directory import DataDirectory
from tests.faults.stack import free_port
from tests.support.waiting import until

EVENT = {"topic": "a", "timestamp": "2025-10-21T10:00:00Z", "source": "s", "payload": {}}


class Up:
    """A running service."""

    def __init__(self, data_dir: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.directory = DataDirectory(data_dir)
        self.url = f"http://127.0.0.1:{port}"
        self.process = process

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status and the document of a route; 0 while it does not answer."""
        return self._ask(urllib.request.Request(self.url + path))

    def publish(self, event_id: str) -> int:
        """Publish an event; return the status."""
        body = json.dumps(EVENT | {"event_id": event_id}).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self.url}/publish", body, headers))[0]

    @staticmethod
    def _ask(request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except OSError:
            return 0, None

    def await_ready(self, deadline_seconds: float = 60.0) -> None:
        until(lambda: self.get("/readyz")[0] == 200, deadline_seconds=deadline_seconds)

    @property
    def postmaster(self) -> int:
        """The process of PostgreSQL; 0 while there is none."""
        found = self.directory.postmaster()
        return found.pid if found else 0


@contextmanager
def running_up(
    data_dir: Path, bindir: Path | None, *, said: int | IO[bytes] = subprocess.DEVNULL, **settings: str
) -> Iterator[Up]:
    """Run the service until the end of the block, then end it by SIGTERM, which must be clean."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")}
    environment |= {"EVENTLOG_DATA_DIR": str(data_dir), "EVENTLOG_PORT": str(port), "EVENTLOG_WORKERS": "1"}
    environment |= {"EVENTLOG_PG_BINDIR": str(bindir)} if bindir else {}
    environment |= {f"EVENTLOG_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "eventlog", "up"], env=environment, stdout=subprocess.DEVNULL, stderr=said
    )
    try:
        up = Up(data_dir, port, process)
        up.await_ready()
        yield up
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
