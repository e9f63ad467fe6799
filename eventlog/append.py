"""Append deliveries to the log: the one module that writes to `inbox`.

Guaranteed: within a partition, positions are 1, 2, 3 … without gaps, and become visible in order.
So a reader that has seen position n never has to look back.

How, in one READ COMMITTED transaction:

1. Lock the rows of all partitions concerned in `partitions`, ascending (no circle of waits).
2. Read each head by a new statement: its snapshot is taken after the lock was granted, so it sees
   what the previous holder committed. `lock_partitions` does 1 and 2 in one round trip.
3. Number the rows from the heads on and COPY them.
4. Commit. The lock ends with the commit, so commit order is position order.

A crash before 4 leaves nothing: no row, no lock, no gap. A crash during 4 leaves all or nothing,
and the caller is told that the outcome is unknown.

The rows' bytes are built before the lock is taken, all but the 8 bytes of their position: while we
hold the lock, everybody else waits.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

import msgspec
import psycopg

from eventlog.database import Connection
from eventlog.errors import OutcomeUnknown
from eventlog.events import Content, Event
from eventlog.failpoints import hit
from eventlog.partitions import partition_of
from eventlog.statements import statement
from eventlog.wire import run, run_copy

# PostgreSQL's binary COPY format: https://www.postgresql.org/docs/current/sql-copy.html
# Signature, flags and header extension; then rows; then -1 as the number of fields.
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
LENGTH = struct.Struct(">i")
# Number of fields, then partition and position, each behind its length.
ROW_START = struct.Struct(">hihiq")
FIELDS = 10
# Timestamp, in microseconds since 2000, and hash, each behind its length.
CONTENT = struct.Struct(">iqi8s")
NO_CONTENT = NULL * 3
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Where a run of deliveries lies: positions first … last, both inclusive."""

    partition: int
    first: int
    last: int


class Deliveries(msgspec.Struct, frozen=True):
    """Events made ready for COPY: all of a row but its position, by partition, in order."""

    rows: dict[int, list[bytes]]
    count: int
    size: int


def encode(
    events: Sequence[Event], partitions: int, request_id: bytes, headers: bytes | None = None
) -> Deliveries:
    """Build the rows of one request.

    Args:
        partitions: how many the log has.
        request_id: 16 bytes.
        headers: trace context, as JSON text.
    """
    request = (
        LENGTH.pack(16) + request_id + (NULL if headers is None else LENGTH.pack(len(headers)) + headers)
    )
    pack = LENGTH.pack
    rows: dict[int, list[bytes]] = {}
    size = 0
    for event in events:
        partition, topic = _placed(event.topic, partitions)
        event_id = event.event_id.encode()
        raw = event.raw
        content = NO_CONTENT if event.content is None else _content(event.content)
        row = b"".join((request, topic, pack(len(event_id)), event_id, content, pack(len(raw)), raw))
        size += len(row)
        if partition in rows:
            rows[partition].append(row)
        else:
            rows[partition] = [row]
    return Deliveries(rows, len(events), size)


def _content(content: Content) -> bytes:
    """Return the fields timestamp, content_hash and source of a COPY row.

    A source has no control characters, so the zero byte parts it from the payload for certain.
    """
    since = content.timestamp - EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    source, field = _source(content.source)
    digest = blake2b(source + bytes(content.payload), digest_size=8).digest()
    return CONTENT.pack(8, microseconds, 8, digest) + field


@lru_cache(maxsize=16_384)
def _source(source: str) -> tuple[bytes, bytes]:
    """Return what of a source is hashed, and its field in a COPY row."""
    text = source.encode()
    return text + b"\0", LENGTH.pack(len(text)) + text


@lru_cache(maxsize=16_384)
def _placed(topic: str, partitions: int) -> tuple[int, bytes]:
    """Return a topic's partition and its field in a COPY row."""
    text = topic.encode()
    return partition_of(topic, partitions), LENGTH.pack(len(text)) + text


def append_durably(connection: Connection, batches: Sequence[Deliveries]) -> list[list[Place]]:
    """Append batches in a transaction of their own; return where each one's deliveries lie, by partition.

    Raises OutcomeUnknown when the commit may or may not have happened, and psycopg.Error when
    surely nothing was appended.
    """
    wanted = _partitions(batches)
    heads = _lock(connection, wanted, begin=True)
    hit("api.locked")
    data, places = number_rows(batches, wanted, heads)
    try:
        run_copy(connection, _text("append/copy") + b";" + _text("append/commit"), data)
    except psycopg.Error as error:
        # An ERROR ends the transaction, and we still hear it. What ends the session may have come
        # after the commit.
        if error.diag.severity_nonlocalized == "ERROR":
            raise
        raise OutcomeUnknown("the commit was sent and its answer was lost") from error
    return places


def append(connection: Connection, batches: Sequence[Deliveries]) -> list[list[Place]]:
    """Append batches in the caller's transaction, which must be READ COMMITTED; as append_durably."""
    wanted = _partitions(batches)
    heads = _lock(connection, wanted, begin=False)
    data, places = number_rows(batches, wanted, heads)
    run_copy(connection, _text("append/copy"), data)
    return places


def _partitions(batches: Sequence[Deliveries]) -> list[int]:
    return sorted(set(chain.from_iterable(batch.rows for batch in batches)))


def _lock(connection: Connection, wanted: list[int], *, begin: bool) -> dict[int, int]:
    """Take the order lock and return each partition's head, in one message."""
    lock = _text("append/lock").replace(b"%(partitions)s", b"'{%b}'" % b",".join(b"%d" % p for p in wanted))
    rows = run(connection, _text("append/begin") + b";" + lock if begin else lock)[-1]
    return {int(rows.get_value(row, 0) or 0): int(rows.get_value(row, 1) or 0) for row in range(rows.ntuples)}


@cache
def _text(name: str) -> bytes:
    # Without its comments, which would travel with every flush.
    return b"\n".join(
        line for line in statement(name).as_bytes(None).splitlines() if not line.startswith(b"--")
    )


def number_rows(
    batches: Sequence[Deliveries], wanted: Iterable[int], heads: dict[int, int]
) -> tuple[bytes, list[list[Place]]]:
    """Give each row its position: batches in their order, so one connection's publishes stay in order."""
    parts = [COPY_HEADER]
    places: list[list[Place]] = [[] for _ in batches]
    for partition in wanted:
        position = heads[partition]
        for batch, placed in zip(batches, places, strict=True):
            rows = batch.rows.get(partition)
            if rows is None:
                continue
            first = position + 1
            for row in rows:
                position += 1
                parts.append(ROW_START.pack(FIELDS, 2, partition, 8, position))
                parts.append(row)
            placed.append(Place(partition, first, position))
    parts.append(COPY_TRAILER)
    return b"".join(parts), places
