"""A real `eventlog up`, as a process of its own, and a browser to look at it with."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import msgspec
import psycopg
from playwright.sync_api import Browser, sync_playwright

from tests.support.deliveries import insert_behind_the_door
from tests.support.waiting import until

# Debian's, then what others call it.
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ADDRESS = re.compile(r"listens on (http://\S+);")
STARTED_SECONDS = 60.0


class Service(msgspec.Struct, frozen=True):
    """A running service and its database."""

    url: str
    dsn: str

    def publish(self, *events: dict[str, Any]) -> None:
        """Publish events, and return once they are projected."""
        answer = httpx2.post(
            f"{self.url}/publish", json=list(events), headers={"Prefer": "wait=20"}, timeout=30
        )
        assert answer.status_code == 200, answer.text

    def insert(self, topic: str, event_id: str, *raws: str) -> None:
        """Put deliveries into the log that no intake would let in."""
        with psycopg.connect(self.dsn, autocommit=True) as owner:
            insert_behind_the_door(owner, raws, topic=topic, event_id=event_id)

    def read(self, path: str) -> Any:
        """Return what a GET answers."""
        return httpx2.get(f"{self.url}{path}", timeout=30).raise_for_status().json()


@contextmanager
def running_service(dsn: str, **settings: str) -> Iterator[Service]:
    """Run `eventlog up` over a database of the tests, on a free port; stop it cleanly."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")}
    ours |= {"EVENTLOG_DSN": dsn, "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true", **settings}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "eventlog", "up", "--port", "0"], env=ours, stdout=said, stderr=said
        )
        try:

            def address() -> str | None:
                said.seek(0)
                found = ADDRESS.search(text := said.read())
                assert process.poll() is None, text
                return found and found[1]

            url = until(address, deadline_seconds=STARTED_SECONDS, message="the service does not start")
            assert url is not None
            yield Service(url, dsn)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Debian's Chromium, which resolves no name: what is not on loopback cannot be reached."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                # A container's shared memory is too small for a browser.
                "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()
