"""Keep a record of refused publishes, for audit: what was wrong, from whom and when, never the body.

Best effort and bounded: a flood of bad requests must not cost the good ones anything, so records are
written once a second from memory. Nor must it push out what others, or the same source otherwise, were
refused for: of one kind (a source, a status and a code) a second keeps a few and counts the rest, the table
keeps the first and the latest ones, and at its bound it takes from whoever has most.
"""

import threading
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from uuid import UUID

import msgspec
import psycopg

from eventlog.errors import EventlogError
from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement

INTERVAL_SECONDS = 1.0
# Of one kind in an interval; and how many kinds. What is beyond is counted, as of no source.
OF_A_KIND_MAX = 10
KINDS_MAX = 1_000
# In the table: of a kind the first and the latest, of a source, and in all; and for how long.
FIRST_ROWS_MAX = 20
LATEST_ROWS_MAX = 80
SOURCE_ROWS_MAX = 2_000
TABLE_ROWS_MAX = 20_000
AGE_DAYS_MAX = 90
# Whoever has an IPv6 address has as many as are in this network.
_OF_ONE_OWNER_BITS = 64
_SOURCE_CHARACTERS_MAX = 64


class Refusal(NamedTuple):
    """One refused publish; `pointer` names the first field at fault, if it was one."""

    request_id: UUID
    status: int
    code: str
    pointer: str | None
    source: str


class _Kind(msgspec.Struct):
    """Refusals of one kind: some of them, and how many more."""

    rows: list[Refusal]
    more: int = 0


def source_of(client: str) -> str:
    """Return what a client's refusals are counted by: its address, or the network of an IPv6 address."""
    try:
        address = ip_address(client)
    except ValueError:
        return client[:_SOURCE_CHARACTERS_MAX]
    if not isinstance(address, IPv6Address):
        return str(address)
    rest = 128 - _OF_ONE_OWNER_BITS
    return f"{IPv6Address(int(address) >> rest << rest)}/{_OF_ONE_OWNER_BITS}"


class RefusalLog:
    """Collects refusals on the event loop, writes them from a thread."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiting: dict[tuple[str, int, str], _Kind] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-refusals", daemon=True)
        self._thread.start()

    def add(self, refusal: Refusal) -> None:
        """Remember a refusal; never waits for anything, never fails."""
        with self._lock:
            of = (refusal.source, refusal.status, refusal.code)
            if of not in self._waiting and len(self._waiting) >= KINDS_MAX:
                refusal = refusal._replace(source="")
                of = ("", refusal.status, refusal.code)
            kind = self._waiting.setdefault(of, _Kind([]))
            if len(kind.rows) < OF_A_KIND_MAX:
                kind.rows.append(refusal)
            else:
                kind.more += 1
        self._some.set()

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._stopping.set()
        self._some.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._some.wait()
            self._stopping.wait(INTERVAL_SECONDS)
            self._some.clear()
            with (
                suppress(EventlogError, psycopg.Error),
                connect(self._dsn, "appender", "refusals") as connection,
            ):
                self._write(connection)

    def _write(self, connection: Connection) -> None:
        with self._lock:
            kinds, self._waiting = list(self._waiting.values()), {}
        if not kinds:
            return
        rows = [row for kind in kinds for row in kind.rows]
        # The last of a kind stands for those that are not kept, too.
        times = [1 + kind.more * (row is kind.rows[-1]) for kind in kinds for row in kind.rows]
        connection.execute(
            statement("refused/insert"),
            {
                "request_ids": [row.request_id for row in rows],
                "statuses": [row.status for row in rows],
                "codes": [row.code for row in rows],
                "pointers": [row.pointer for row in rows],
                "sources": [row.source for row in rows],
                "times": times,
            },
        )
        bounds = {
            "first": FIRST_ROWS_MAX,
            "latest": LATEST_ROWS_MAX,
            "of_source": SOURCE_ROWS_MAX,
            "in_all": TABLE_ROWS_MAX,
            "days": AGE_DAYS_MAX,
        }
        connection.execute(statement("refused/prune"), bounds)
