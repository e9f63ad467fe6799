"""What a client attempted and what it was told, in a file that no fault of the service can reach.

Three outcomes: ok (acknowledged), fail (refused: surely not in the log), info (cut or timed out:
it may be there or not). A line is written before each attempt and fsynced after it, so a client that
dies leaves `info` behind.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

Outcome = Literal["ok", "fail", "info"]


class Sent(msgspec.Struct, frozen=True):
    """One delivery of an attempt; where it lies, once acknowledged."""

    topic: str
    event_id: str
    sha256: str
    partition: int | None = None
    position: int | None = None


class Attempt(msgspec.Struct, frozen=True):
    """One request, or one transaction that publishes through the outbox (then without connection)."""

    request_id: str
    connection: str
    number: int
    started: float
    sent: list[Sent]
    ended: float | None = None
    outcome: Outcome = "info"
    status: int | None = None
    code: str | None = None
    by_outbox: bool = False


class Journal:
    """Appends to the file; callable from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self.acknowledged = 0
        self.last_acknowledged = 0.0

    def begin(self, attempt: Attempt) -> None:
        """Note that a request is about to be sent."""
        self._write(attempt)

    def end(self, attempt: Attempt) -> None:
        """Note how it ended, durably."""
        self._write(attempt)
        os.fsync(self._file.fileno())
        if attempt.outcome == "ok":
            self.acknowledged += len(attempt.sent)
            self.last_acknowledged = time.monotonic()

    def close(self) -> None:
        self._file.close()

    def _write(self, attempt: Attempt) -> None:
        with self._lock:
            self._file.write(msgspec.json.encode(attempt) + b"\n")
            self._file.flush()


def read_journal(path: Path) -> list[Attempt]:
    """Return the last word on every attempt; a line that is being written is not there yet."""
    attempts: dict[str, Attempt] = {}
    written, _, _ = path.read_bytes().rpartition(b"\n")
    for line in written.splitlines():
        attempt = msgspec.json.decode(line, type=Attempt)
        attempts[attempt.request_id] = attempt
    return list(attempts.values())


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def placed(
    sent: Sequence[Sent], runs: Iterable[tuple[int, int, int]], partitions: Sequence[int]
) -> list[Sent]:
    """Say where each delivery lies, from the runs (partition, first, last) of the acknowledgement."""
    following = {partition: first for partition, first, _ in runs}
    found = []
    for one, partition in zip(sent, partitions, strict=True):
        found.append(msgspec.structs.replace(one, partition=partition, position=following[partition]))
        following[partition] += 1
    return found
