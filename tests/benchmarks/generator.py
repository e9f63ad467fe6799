"""The load generator, a process of its own: `python -m tests.benchmarks.generator FILE`, see driving.py.

It reads a plan, makes all requests ahead, says "ready", and waits for a word on its standard input:
"go", then "hold" and "on" as often as needed (bounded lag). It says "done" when its report is in FILE.

Closed loop: each connection sends its next request when the last one is answered. Open loop (`rate`):
request i is due at i ÷ rate after the start, whatever became of the others, and every time that is
taken counts from then; what finds no free connection waits, and its wait counts.
"""

import asyncio
import gc
import os
import sys
import time
from array import array
from collections import Counter, deque
from pathlib import Path

import msgspec
import uvloop

from eventlog.keys.presented import authorization
from tests.benchmarks.connection import Connection, request_head, with_body
from tests.benchmarks.deliveries import Load

# A refused request is sent again after so long, in a closed loop.
RETRY_SECONDS = 0.02
# uvloop's timers know milliseconds only: what is due sooner would be looked for without a pause, and the
# load generator would take from the server whatever the machine has left.
TICK_SECONDS = 0.001


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, to whom and how fast. `rate` is in requests a second; None is a closed loop.

    deliveries: report where each delivery lies and when it was due, for single events.
    give_up: in an open loop, do not send what still waits for a connection when the last request is due.
    key: is shown with each request.
    """

    load: Load
    addresses: list[tuple[str, int]]
    connections: int
    rate: float | None = None
    deliveries: bool = False
    give_up: bool = False
    key: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. Times are seconds; moments are seconds of the wall clock since 1970.

    `taken` are of accepted requests, from when each was due (or sent, in a closed loop) to its answer,
    in ascending order; `refusals` those of refused ones, from when they were sent. `unsent` found no
    connection in time. `missing` are the numbers of the requests that were not accepted.
    """

    began: float
    ended: float
    cpu_seconds: float
    peak_bytes: int
    requests: int
    accepted_events: int
    accepted_until: float
    statuses: dict[int, int]
    lost: int
    unsent: int
    missing: list[int]
    taken: list[float]
    refusals: list[float]
    due: list[float]
    answers: list[str]


class Sender:
    """Sends the requests of a plan over its connections."""

    def __init__(self, plan: Plan, requests: list[bytes], counts: "array[int]") -> None:
        self._plan = plan
        self._requests = requests
        self._counts = counts
        size = len(counts)
        self._due = array("d", bytes(8 * size))
        self._sent = array("d", bytes(8 * size))
        self._taken: list[float] = []
        self._refusals: list[float] = []
        self._answers: list[tuple[int, bytes]] = []
        self._statuses: Counter[int] = Counter()
        self._next = 0
        self._left = size
        self._again: deque[int] = deque()
        self._waiting: deque[int] = deque()
        self._idle: deque[Connection] = deque()
        self._open: dict[Connection, tuple[str, int]] = {}
        self._held = False
        self._lost = 0
        self._unsent = 0
        self._is_accepted = bytearray(size)
        self._accepted = 0
        self._accepted_until = 0.0
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._clock = time.monotonic  # the loop's own knows milliseconds only

    async def connect(self) -> None:
        """Open all connections, spread over the addresses."""
        for number in range(self._plan.connections):
            await self._connect(self._plan.addresses[number % len(self._plan.addresses)])

    async def _connect(self, address: tuple[str, int]) -> None:
        _, connection = await self._loop.create_connection(
            lambda: Connection(self._answered, self._reconnect), *address
        )
        self._open[connection] = address
        self._idle.append(connection)

    async def run(self) -> Report:
        """Send everything and return when the last answer is there."""
        to_wall = time.time() - self._clock()
        cpu = time.process_time()
        began = self._clock()
        if self._plan.rate is None:
            self._send_closed()
        else:
            self._due = array("d", (began + number / self._plan.rate for number in range(self._left)))
            self._tick()
        await self._done
        ended = self._clock()
        cpu = time.process_time() - cpu
        connections, self._open = self._open, {}
        for connection in connections:
            connection.close()
        return Report(
            began=began + to_wall,
            ended=ended + to_wall,
            cpu_seconds=cpu,
            peak_bytes=peak_bytes(),
            requests=len(self._counts),
            accepted_events=self._accepted,
            accepted_until=self._accepted_until + to_wall,
            statuses=dict(self._statuses),
            lost=self._lost,
            unsent=self._unsent,
            missing=[number for number, accepted in enumerate(self._is_accepted) if not accepted],
            taken=sorted(self._taken),
            refusals=sorted(self._refusals),
            due=[self._due[number] + to_wall for number, _ in self._answers],
            answers=[answer.decode() for _, answer in self._answers],
        )

    def hold(self, held: bool) -> None:
        """Stop sending, or go on."""
        self._held = held
        if not held:
            self._send_closed()

    def _send_closed(self) -> None:
        while self._idle and not self._held and (self._again or self._next < len(self._counts)):
            self._send_next(self._idle.popleft())

    def _send_next(self, connection: Connection) -> None:
        """Send what comes next in a closed loop, if anything may be sent."""
        if not self._held and self._again:
            self._send(connection, self._again.popleft())
        elif not self._held and self._next < len(self._counts):
            self._due[self._next] = self._clock()
            self._next += 1
            self._send(connection, self._next - 1)
        else:
            self._idle.append(connection)

    def _send(self, connection: Connection, number: int) -> None:
        self._sent[number] = self._clock()
        connection.send(number, self._requests[number])

    def _tick(self) -> None:
        """Send what is due in an open loop, then sleep until the next request is."""
        now = self._clock()
        total = len(self._counts)
        while self._next < total and self._due[self._next] <= now:
            if self._idle:
                self._send(self._idle.popleft(), self._next)
            else:
                self._waiting.append(self._next)
            self._next += 1
        if self._next < total:
            self._loop.call_later(max(self._due[self._next] - now, TICK_SECONDS), self._tick)
        elif self._plan.give_up and self._waiting:
            self._unsent = len(self._waiting)
            self._waiting.clear()
            self._finish(self._unsent)

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        number = connection.request
        now = self._clock()
        self._statuses[status] += 1
        if status == 202:
            self._taken.append(now - self._due[number])
            self._is_accepted[number] = True
            self._accepted += self._counts[number]
            self._accepted_until = now
            if self._plan.deliveries:
                self._answers.append((number, body))
        else:
            self._refusals.append(now - self._sent[number])
            if self._plan.rate is None:
                self._again.append(number)
                self._loop.call_later(RETRY_SECONDS, self._send_next, connection)
                return
        self._finish(1)
        self._use(connection)

    def _finish(self, requests: int) -> None:
        self._left -= requests
        if self._left == 0:
            self._done.set_result(None)

    def _use(self, connection: Connection) -> None:
        """Send on a connection that is free, if there is anything to send."""
        if self._plan.rate is None:
            self._send_next(connection)
        elif self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _reconnect(self, connection: Connection) -> None:
        """Open another connection. What was under way on the lost one has an unknown outcome."""
        address = self._open.pop(connection, None)
        if address is None:
            return  # we are at the end
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            self._lost += 1
            self._finish(1)
        self._loop.create_task(self._connect(address)).add_done_callback(self._reconnected)

    def _reconnected(self, task: "asyncio.Task[None]") -> None:
        if self._done.done():
            return
        if task.exception() is not None:
            self._done.set_exception(RuntimeError(f"the API is gone: {task.exception()}"))
        else:
            self._use(self._idle.pop())


def peak_bytes() -> int:
    """Return the most memory this process has had."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def made_ahead(load: Load, key: str | None = None) -> tuple[list[bytes], "array[int]"]:
    """Return the requests, and the deliveries in each."""
    counts = array("q")
    requests = []
    shown = authorization(key)
    head = request_head("POST", "/publish", {"Content-Type": "application/json", **shown})
    for body, count in load.bodies():
        requests.append(with_body(head, body))
        counts.append(count)
    return requests, counts


async def _serve(plan: Plan) -> Report:
    requests, counts = made_ahead(plan.load, plan.key)
    sender = Sender(plan, requests, counts)
    await sender.connect()
    # What was made stays to the end: the collector need not look through it again and again.
    gc.freeze()
    loop = asyncio.get_running_loop()
    go = loop.create_future()

    def heard() -> None:
        words = os.read(0, 4096).decode().split()
        if not words:
            os._exit(1)  # whoever drove us is gone
        for word in words:
            if word == "go":
                go.set_result(None)
            else:
                sender.hold(word == "hold")

    loop.add_reader(0, heard)
    print("ready", flush=True)
    await go
    try:
        return await sender.run()
    finally:
        loop.remove_reader(0)


def _first_line() -> bytes:
    """Read a line and nothing behind it, which is for the event loop to hear."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    return line


def main() -> None:
    """Serve one plan."""
    plan = msgspec.json.decode(_first_line(), type=Plan)
    # Into a file: a long line through the pipe came cut, now and then.
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(uvloop.run(_serve(plan))))
    print("done", flush=True)


if __name__ == "__main__":
    main()
