"""Clients that publish as real ones do, try again when they must, and write down all of it."""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from eventlog.log.partitions import partition_of
from tests.faults.journal import Attempt, Journal, Outcome, Sent, digest, placed

TOPICS = tuple(f"faults.topic.{n}" for n in range(6))
# What the service answers when it is certain that nothing was appended.
SURELY_NOT = frozenset({"queue_full", "database_unavailable", "disk_full", "schema_mismatch"})


def raw_event(topic: str, event_id: str, n: int) -> bytes:
    """Make an event; its exact bytes are what must be found in the log."""
    return json.dumps(
        {
            "topic": topic,
            "event_id": event_id,
            "timestamp": f"2025-10-21T10:00:{n % 60:02}.{n % 1000:03}Z",
            "source": "faults",
            "payload": {"n": n, "text": "é" * (n % 7)},
        },
        ensure_ascii=False,
    ).encode()


class Client(threading.Thread):
    """One connection that publishes batch after batch until it is stopped."""

    def __init__(
        self,
        port: int,
        journal: Journal,
        *,
        name: str,
        seed: int,
        partitions: int,
        batch_max: int = 20,
        batches: int | None = None,
        timeout_seconds: float = 25.0,
        pause_seconds: float = 0.0,
    ) -> None:
        super().__init__(name=f"client-{name}", daemon=True)
        self._port = port
        self._journal = journal
        self._own = name
        self._chance = random.Random(f"{seed} {name}")
        self._partitions = partitions
        self._batch_max = batch_max
        self._batches = batches
        self._timeout = timeout_seconds
        self._pause = pause_seconds
        self._made: list[tuple[str, str, bytes]] = []
        self._number = 0
        self._connection: http.client.HTTPConnection | None = None
        self.stopping = threading.Event()
        self.outcomes: list[tuple[Outcome, int | None, str | None]] = []

    def run(self) -> None:
        left = self._batches
        while not self.stopping.is_set() and left != 0:
            batch = [self._next_event() for _ in range(self._chance.randint(1, self._batch_max))]
            self._publish_until_told(batch)
            left = None if left is None else left - 1
            if self._pause:
                self.stopping.wait(self._pause)
        self._hang_up()

    def _next_event(self) -> tuple[str, str, bytes]:
        """Make an event: new, an exact duplicate, or one that reuses an id for something else."""
        kind = self._chance.random()
        if self._made and kind < 0.25:
            return self._chance.choice(self._made)
        n = len(self._made)
        topic = self._chance.choice(TOPICS)
        # Ids in common make clients duplicate each other's events.
        event_id = f"common-{self._chance.randint(1, 50)}" if kind > 0.95 else f"{self._own}-{n}"
        event = (topic, event_id, raw_event(topic, event_id, n))
        self._made.append(event)
        return event

    def _publish_until_told(self, batch: list[tuple[str, str, bytes]]) -> None:
        """Publish again, with the same event ids, until it is acknowledged or refused."""
        while True:
            attempt = self._attempt(batch)
            self.outcomes.append((attempt.outcome, attempt.status, attempt.code))
            if attempt.outcome == "ok" or self.stopping.is_set():
                return
            if attempt.status is not None and attempt.status < 500:
                return
            self.stopping.wait(self._chance.uniform(0.02, 0.1))

    def _attempt(self, batch: list[tuple[str, str, bytes]]) -> Attempt:
        self._number += 1
        attempt = Attempt(
            request_id=str(uuid.UUID(int=self._chance.getrandbits(128))),
            connection=self._own,
            number=self._number,
            started=time.time(),
            sent=[Sent(topic, event_id, digest(raw)) for topic, event_id, raw in batch],
        )
        self._journal.begin(attempt)
        told = self._told(attempt, b"[" + b",".join(raw for *_, raw in batch) + b"]")
        attempt = msgspec.structs.replace(told, ended=time.time())
        self._journal.end(attempt)
        return attempt

    def _told(self, attempt: Attempt, body: bytes) -> Attempt:
        """Send a request and return the attempt with what became of it."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
            headers = {"Content-Type": "application/json", "X-Request-Id": attempt.request_id}
            self._connection.request("POST", "/publish", body, headers)
            answer = self._connection.getresponse()
            document = json.loads(answer.read())
        except ConnectionRefusedError:
            self._hang_up()
            return msgspec.structs.replace(attempt, outcome="fail", code="connection_refused")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            return msgspec.structs.replace(attempt, outcome="info", code=type(error).__name__)
        return self._judged(attempt, answer.status, document)

    def _judged(self, attempt: Attempt, status: int, document: dict[str, object]) -> Attempt:
        if status in (200, 202):
            runs = [
                (int(run["partition"]), int(run["first"]), int(run["last"]))
                for run in document["deliveries"]  # type: ignore[attr-defined]
            ]
            where = [partition_of(one.topic, self._partitions) for one in attempt.sent]
            return msgspec.structs.replace(
                attempt, outcome="ok", status=status, sent=placed(attempt.sent, runs, where)
            )
        code = str(document.get("code") or "")
        outcome: Outcome = "fail" if status < 500 or code in SURELY_NOT else "info"
        return msgspec.structs.replace(attempt, outcome=outcome, status=status, code=code)

    def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


class Load:
    """Several clients over one journal."""

    def __init__(self, journal: Journal, clients: list[Client]) -> None:
        self.journal = journal
        self.clients = clients

    def stop(self) -> None:
        """Stop all clients and wait for what they have under way."""
        for client in self.clients:
            client.stopping.set()
        self.join()

    def join(self, deadline_seconds: float = 60.0) -> None:
        for client in self.clients:
            client.join(deadline_seconds)
            assert not client.is_alive(), f"{client.name} hangs"

    @property
    def codes(self) -> set[str]:
        """All problem codes that clients were answered."""
        return {code for client in self.clients for _, status, code in client.outcomes if status and code}


@contextmanager
def load(
    port: int,
    journal_path: Path,
    *,
    clients: int = 3,
    seed: int = 1,
    partitions: int = 4,
    batch_max: int = 20,
    batches: int | None = None,
    timeout_seconds: float = 25.0,
    pause_seconds: float = 0.0,
) -> Iterator[Load]:
    """Run clients; stop them at the end."""
    journal = Journal(journal_path)
    threads = [
        Client(
            port,
            journal,
            name=f"{seed}-{n}",
            seed=seed,
            partitions=partitions,
            batch_max=batch_max,
            batches=batches,
            timeout_seconds=timeout_seconds,
            pause_seconds=pause_seconds,
        )
        for n in range(clients)
    ]
    running = Load(journal, threads)
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop()
        journal.close()
