"""A TCP proxy in front of PostgreSQL that misbehaves on demand.

It reads the protocol as far as it must: who connects (application_name), when a client ends a
transaction that it wants kept (COMMIT, or the end of a COPY whose message commits), and when the
server says COMMIT. So the ambiguous commit can be had on demand, on either side:

cut_before_commit  the commit never reaches the server; both ends are cut
cut_after_commit   the server commits; its answer is swallowed and the client is reset
rst                the client is reset at the next message
half_open          the server's end is closed, the client's stays open and hears nothing more
vanish             the same, and the client's machine is not told either: its packets find no connection, as
                   after a crash of the machine behind (needs root)
stall              nothing passes in either direction until healed
delay(seconds)     each piece waits
dribble            pieces of a single byte
"""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

TCP_REPAIR = 19  # linux/tcp.h
LINGER_NOT = struct.pack("ii", 1, 0)
# A statement that is COMMIT, or the last one of a message.
COMMITS = re.compile(rb"\bCOMMIT\s*\0")
DRIBBLED_MAX = 2_000  # bytes a piece; what is beyond goes whole, or a test would take minutes


class Fault(NamedTuple):
    """What to do, to whose connections ("" means everybody's), and how often.

    at: "commit" or "committed" strikes there, and not at the next message.
    """

    verb: str
    application: str = ""
    seconds: float = 0.0
    times: int = 1_000_000
    at: str = ""


class Link:
    """One client's connection and ours to the server in its name."""

    def __init__(self, proxy: "Proxy", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self.application = ""
        self._cut = asyncio.Event()
        self._deaf = False
        self._copy_commits = False

    async def run(self) -> None:
        """Pass everything on, until either end goes or a fault ends it."""
        try:
            server = await asyncio.open_unix_connection(str(self._proxy.server))
        except OSError:
            self._reset()
            return
        except asyncio.CancelledError:
            self._reset()
            raise
        tasks = [
            asyncio.ensure_future(self._pass(self._client[0], server[1], self._client_says)),
            asyncio.ensure_future(self._pass(server[0], self._client[1], self._server_says)),
            asyncio.ensure_future(self._cut.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            server[1].transport.abort()
            while self._deaf and not self._proxy.healed.is_set():
                await asyncio.sleep(0.01)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            server[1].transport.abort()
            self._client[1].close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        judge: Callable[[bytes], str],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                if not await self._allowed(judge(data)):
                    return
                await self._send(writer, data)

    async def _allowed(self, event: str) -> bool:
        """Apply the fault in force, if it concerns this connection and what happens on it."""
        fault = self._proxy.fault_for(self.application, event)
        if fault is None:
            return True
        if fault.verb == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.verb == "stall":
            while not self._proxy.healed.is_set():
                await asyncio.sleep(0.01)
        elif fault.verb == "half_open":
            self._deaf = True
            self._cut.set()
            return False
        elif fault.verb == "vanish":
            self._vanish()
            return False
        elif fault.verb != "dribble":
            self._reset()
            return False
        return True

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        fault = self._proxy.fault
        if fault is not None and fault.verb == "dribble":
            for at in range(min(len(data), DRIBBLED_MAX)):
                writer.write(data[at : at + 1])
                await asyncio.sleep(0)
            data = data[DRIBBLED_MAX:]
        writer.write(data)
        await writer.drain()

    def _client_says(self, data: bytes) -> str:
        """Name what the client does: it commits, or anything else."""
        if not self.application and b"application_name\0" in data:
            self.application = data.split(b"application_name\0", 1)[1].split(b"\0", 1)[0].decode()
        # A message that begins a COPY and commits does so when the COPY's end arrives, a message of
        # its own at the end of what is sent: 'c' and its length.
        if b"FROM STDIN" in data:
            self._copy_commits = COMMITS.search(data) is not None
            return "data"
        if data.endswith(b"c\0\0\0\x04"):
            return "commit" if self._copy_commits else "data"
        return "commit" if COMMITS.search(data) else "data"

    def _server_says(self, data: bytes) -> str:
        return "committed" if b"C\0\0\0\x0bCOMMIT\0" in data else "data"

    def _vanish(self) -> None:
        """Close the client's connection without a packet: a socket under repair is just taken away."""
        sock: socket.socket = self._client[1].get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self._client[1].transport.abort()
        self._cut.set()

    def _reset(self) -> None:
        sock: socket.socket = self._client[1].get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self._client[1].transport.abort()
        self._cut.set()


# Which of these a connection must be at, for a verb to strike.
STRIKES_AT = {"cut_before_commit": "commit", "cut_after_commit": "committed"}


class Proxy:
    """Listens on loopback in a thread of its own; `dsn` leads through it."""

    def __init__(self, server: Path) -> None:
        """`server` is the socket file of the PostgreSQL behind."""
        self.server = server
        self.port = 0
        self.fault: Fault | None = None
        self.struck = 0
        self.struck_in_all = 0
        self.healed = threading.Event()
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._links: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def dsn(self, database: str) -> str:
        """Return the owner's address of a database, through the proxy."""
        return f"postgresql://eventlog@127.0.0.1:{self.port}/{database}?sslmode=disable&gssencmode=disable"

    def inject(
        self,
        verb: str,
        *,
        application: str = "",
        seconds: float = 0.0,
        times: int = 1_000_000,
        at: str = "",
    ) -> None:
        """Have a fault in force from now on, until it struck so many times or heal() is called."""
        self.healed.clear()
        self.struck = 0
        self.fault = Fault(verb, application, seconds, times, at or STRIKES_AT.get(verb, ""))

    def heal(self) -> None:
        """Pass everything on again."""
        self.fault = None
        self.healed.set()

    def fault_for(self, application: str, event: str) -> Fault | None:
        """Return the fault that strikes a connection at an event, and count it."""
        fault = self.fault
        if fault is None or not application.startswith(fault.application):
            return None
        if fault.at not in ("", event):
            return None
        self.struck += 1
        self.struck_in_all += 1
        if self.struck >= fault.times:
            self.fault = None
        return fault

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(Link(self, reader, writer).run())
        self._links[task] = writer
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        writer = self._links.pop(task)
        if self._closing:  # what its client has not taken would hold its end back beyond that of the loop
            writer.transport.abort()

    async def _close(self) -> None:
        self._closing = True
        self._server.close()
        for task in tuple(self._links):
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        for _ in range(10):  # until what was closed is gone
            await asyncio.sleep(0)

    def _run(self, work: Coroutine[object, object, None]) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        done.result(10)
