"""A client that follows the log as people's do: it remembers its place, and comes back after each fault."""

import http.client
import json
import socket
import threading
from contextlib import suppress
from typing import Literal

PAGE = 50
ANSWER_SECONDS_MAX = 10.0
AGAIN_SECONDS = 0.05

Way = Literal["pages", "stream"]


class Follower(threading.Thread):
    """Reads every event from the first one on, by pages in log order or by a stream, until it is stopped.

    seen: (partition, position) of each event, in the order in which they came.
    """

    def __init__(self, port: int, way: Way) -> None:
        super().__init__(name=f"follower by {way}", daemon=True)
        self._way = way
        self._cursor = ""
        self._stopping = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
        # A connection lets go of its socket once an answer without a length has begun.
        self._socket: socket.socket | None = None
        self.seen: list[tuple[int, int]] = []
        self.interruptions = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._pages() if self._way == "pages" else self._stream()
            except (OSError, http.client.HTTPException, ValueError):
                self.interruptions += 1
                self._stopping.wait(AGAIN_SECONDS)
            finally:
                self._connection.close()

    def stop(self) -> None:
        """End it, also while it waits for what does not come."""
        self._stopping.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.join(ANSWER_SECONDS_MAX + 5)
        assert not self.is_alive(), f"{self.name} hangs"

    def _pages(self) -> None:
        while not self._stopping.is_set():
            place = f"&cursor={self._cursor}" if self._cursor else ""
            answer = self._get(f"/events?order=position&limit={PAGE}{place}", "application/json")
            events = json.loads(answer.read())
            cursor = answer.getheader("Eventlog-Cursor")
            assert cursor is not None, "a page always says where it goes on"
            self._note(events)
            self._cursor = cursor
            if not events:
                self._stopping.wait(AGAIN_SECONDS)

    def _stream(self) -> None:
        place = f"&cursor={self._cursor}" if self._cursor else ""
        answer = self._get(f"/events/stream?from=start{place}", "application/x-ndjson")
        while not self._stopping.is_set():
            line = answer.readline()
            if not line.endswith(b"\n"):
                raise http.client.IncompleteRead(line)
            document = json.loads(line)
            if "problem" in document:
                raise http.client.HTTPException(document["problem"]["code"])
            self._note([document] if "topic" in document else [])
            self._cursor = document["cursor"]

    def _note(self, events: list[dict[str, int]]) -> None:
        self.seen += [(event["partition"], event["position"]) for event in events]

    def _get(self, path: str, form: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers={"Accept": form})
        self._socket = self._connection.sock
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(f"{path}: {answer.status} {answer.read()[:300]!r}")
        return answer
