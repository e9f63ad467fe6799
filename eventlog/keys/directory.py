"""The keys as one process knows them, never older than a moment.

A thread looks several times a second whether any key has changed, and reads all of them where one has. What
is known counts for a second and a half from when it was asked for: so a key is refused everywhere within 2 s
of being revoked, also where the database stops answering in between. Then nobody is known for a while.
"""

import threading
import time
from collections.abc import Mapping
from hmac import compare_digest
from typing import Literal

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row, scalar_row

from eventlog.errors import EventlogError
from eventlog.keys.form import Presented
from eventlog.keys.publishable import Publishable
from eventlog.keys.quotas import Quotas, quotas_of
from eventlog.keys.scopes import Scopes, read_scopes
from eventlog.keys.session_token import SessionToken
from eventlog.sessions.backoff import pause_seconds
from eventlog.sessions.database import Connection, connect
from eventlog.statements import statement

log = structlog.get_logger()

LOOK_SECONDS = 0.25
FRESH_SECONDS = 1.5
# A server that is silent is not waited for.
CLOSE_SECONDS = 2.0


class KnownKey(msgspec.Struct, frozen=True):
    """A key that was presented rightly. `ends_at` is in monotonic seconds: the key's or the secret's end."""

    id: str
    name: str
    scopes: Scopes
    publishable: Publishable
    state: Literal["active", "suspended", "revoked"]
    ends_at: float
    quotas: Quotas


class StoredSecret(msgspec.Struct, frozen=True):
    """A secret's row, or a certificate's; `seconds_left` is None where it holds for ever."""

    id: str
    name: str
    scopes: list[str]
    source: str | None
    topic_prefix: str | None
    state: Literal["active", "suspended", "revoked"]
    digest: bytes
    seconds_left: float | None
    events_per_second: int | None
    bytes_per_second: int | None
    events_per_day: int | None
    streams: int | None
    sql_seconds_per_hour: int | None

    def known(self, now: float) -> KnownKey:
        """Return the key as it is known from now on."""
        scopes = read_scopes(self.scopes)
        return KnownKey(
            id=self.id,
            name=self.name,
            scopes=scopes,
            publishable=Publishable(scopes, self.source, self.topic_prefix),
            state=self.state,
            ends_at=float("inf") if self.seconds_left is None else now + self.seconds_left,
            quotas=quotas_of(self),
        )


_NOBODY: tuple[tuple[bytes, KnownKey], ...] = ()


class KeyDirectory:
    """Knows all keys. `find` may be called from any thread; the thread that reads is its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        # Replaced as a whole: whoever looks has all of one state.
        self._known: Mapping[str, tuple[tuple[bytes, KnownKey], ...]] = {}
        self._certified: Mapping[bytes, KnownKey] = {}
        # Another number means that an answer may have become another.
        self.generation = 0
        self._number: int | None = None
        self._counts_days = False
        self.fresh_until = 0.0
        self._stopping = threading.Event()
        self._read = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventlog-keys", daemon=True)
        self._thread.start()

    @property
    def is_fresh(self) -> bool:
        """Whether what is known counts."""
        return time.monotonic() < self.fresh_until

    @property
    def is_empty(self) -> bool:
        """Whether there is no key at all."""
        return not self._known

    @property
    def counts_days(self) -> bool:
        """Whether some key has a quota of a day."""
        return self._counts_days

    def find(self, presented: Presented | SessionToken) -> KnownKey | None:
        """Return the key that was presented, in whatever state; None for an unknown id or a wrong secret."""
        found = None
        for digest, key in self._known.get(presented.id, _NOBODY):
            if _is_of(presented, digest):
                found = key
        return found

    def find_certified(self, fingerprint: bytes) -> KnownKey | None:
        """Return the key, in whatever state, that a client certificate is as good as."""
        return self._certified.get(fingerprint)

    def await_first(self, seconds: float) -> bool:
        """Wait until the keys were read once; say whether they were."""
        return self._read.wait(seconds)

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                with connect(self._dsn, "owner", "keys") as connection:
                    while True:
                        self._look(connection)
                        failures = 0
                        if self._stopping.wait(LOOK_SECONDS):
                            return
            except (EventlogError, psycopg.Error) as error:
                if not failures:
                    log.warning("keys_not_read", reason=str(error).splitlines()[0])
                failures += 1
                self._stopping.wait(pause_seconds(failures))

    def _look(self, connection: Connection) -> None:
        asked_at = time.monotonic()
        number: int | None = (
            connection.cursor(row_factory=scalar_row).execute(statement("keys/number")).fetchone()
        )
        if number != self._number:
            cursor = connection.cursor(row_factory=class_row(StoredSecret))
            rows = cursor.execute(statement("keys/load")).fetchall()
            certificates = cursor.execute(statement("keys/load_certificates")).fetchall()
            now = time.monotonic()
            self._known = _by_id(rows, now)
            self._certified = {row.digest: row.known(now) for row in certificates}
            self._counts_days = any(row.events_per_day is not None for row in rows)
            self._number = number
            self.generation += 1
        self.fresh_until = asked_at + FRESH_SECONDS
        self._read.set()


def _is_of(presented: Presented | SessionToken, digest: bytes) -> bool:
    """Say whether what was presented is, or was made for, the secret of this digest."""
    if isinstance(presented, SessionToken):
        return time.time() < presented.ends_at and presented.is_proven_by(digest)
    return compare_digest(digest, presented.digest)


def _by_id(rows: list[StoredSecret], now: float) -> dict[str, tuple[tuple[bytes, KnownKey], ...]]:
    known: dict[str, tuple[tuple[bytes, KnownKey], ...]] = {}
    for row in rows:
        known[row.id] = (*known.get(row.id, _NOBODY), (row.digest, row.known(now)))
    return known
