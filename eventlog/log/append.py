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
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from itertools import chain, count, repeat
from typing import NamedTuple

import msgspec
import psycopg

from eventlog.bounded_cache import BoundedCache
from eventlog.errors import OutcomeUnknown
from eventlog.events import Contents, Events
from eventlog.failpoints import hit
from eventlog.log.partitions import partition_of
from eventlog.sessions.database import Connection
from eventlog.sessions.wire import run, run_copy
from eventlog.statements import statement

# PostgreSQL's binary COPY format: https://www.postgresql.org/docs/current/sql-copy.html
# Signature, flags and header extension; then rows; then -1 as the number of fields.
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
LENGTH = struct.Struct(">i")
# Number of fields, then the position behind its length.
ROW_START = struct.Struct(">hiq")
FIELDS = 12
SMALL = struct.Struct(">ih")
# Timestamp and hash, each behind its length; then the length of what follows.
CONTENT = struct.Struct(">iqi8si")
NO_CONTENT = struct.Struct(">iii")
# Topics and sources come again and again; the bound keeps a flood of new ones from growing the process.
NAMES_KEPT_MAX = 16_384


class PositionRange(NamedTuple):
    """Where a run of deliveries lies: positions first … last, both inclusive."""

    partition: int
    first: int
    last: int


class Deliveries(msgspec.Struct, frozen=True):
    """Events made ready for COPY: all of a row but its position, in order, and each row's partition.

    publisher: the id of the key that they came with. is_counted: it has a quota of events of a day.
    """

    rows: list[bytes]
    partitions: Sequence[int]
    counts: dict[int, int]  # by partition
    size: int
    publisher: str | None = None
    is_counted: bool = False

    @property
    def count(self) -> int:
        """The number of events."""
        return len(self.rows)


def encode(
    events: Events,
    partitions: int,
    request_id: bytes,
    headers: bytes | None = None,
    publisher: str | None = None,
    *,
    is_counted: bool = False,
) -> Deliveries:
    """Build the rows of one request, field by field over all of them.

    Args:
        events: those of the request.
        partitions: how many the log has.
        request_id: 16 bytes.
        headers: trace context, as JSON text.
        publisher: the id of the key that it came with.
        is_counted: whether its events of the day are counted.
    """
    by = NULL if publisher is None else _field(publisher.encode())
    form = SMALL.pack(2, events.format)
    request = LENGTH.pack(16) + request_id + form + (NULL if headers is None else _field(headers)) + by
    places, topic_fields = _of_topics(partitions)
    placed = list(map(places.__getitem__, events.topics))
    topics = map(topic_fields.__getitem__, events.topics)
    event_ids = list(map(str.encode, events.event_ids))
    sources, contents = _contents(events.contents, map(len, event_ids))
    lengths = map(LENGTH.pack, map(len, events.raws))
    columns = zip(repeat(request), topics, sources, contents, event_ids, lengths, events.raws, strict=False)
    rows = list(map(b"".join, columns))
    return Deliveries(rows, placed, _counts(placed), sum(map(len, rows)), publisher, is_counted)


def _contents(contents: Contents | None, lengths: Iterator[int]) -> tuple[Iterable[bytes], Iterable[bytes]]:
    """Return the field source of each row, and the fields timestamp and content_hash with a further length.

    A source has no control characters, so the zero byte parts it from the payload for certain.
    """
    if contents is None:
        return repeat(NULL), map(NO_CONTENT.pack, repeat(-1), repeat(-1), lengths)
    hashed = map(_hashed_sources.__getitem__, contents.sources)
    digests = [
        blake2b(source + payload, digest_size=8).digest()
        for source, payload in zip(hashed, contents.payloads, strict=True)
    ]
    fields = map(_source_fields.__getitem__, contents.sources)
    return fields, map(CONTENT.pack, repeat(8), contents.timestamps, repeat(8), digests, lengths)


def _counts(placed: Sequence[int]) -> dict[int, int]:
    return {placed[0]: 1} if len(placed) == 1 else dict(Counter(placed))


def _field(value: bytes) -> bytes:
    return LENGTH.pack(len(value)) + value


_hashed_sources: BoundedCache[str, bytes] = BoundedCache(
    lambda source: source.encode() + b"\0", NAMES_KEPT_MAX
)
_source_fields: BoundedCache[str, bytes] = BoundedCache(
    lambda source: _field(source.encode()), NAMES_KEPT_MAX
)


@cache
def _of_topics(partitions: int) -> tuple[BoundedCache[str, int], BoundedCache[str, bytes]]:
    """Return what gives a topic's partition, and the fields partition and topic of a COPY row."""
    places: BoundedCache[str, int] = BoundedCache(
        lambda topic: partition_of(topic, partitions), NAMES_KEPT_MAX
    )

    def fields(topic: str) -> bytes:
        return SMALL.pack(2, places[topic]) + _field(topic.encode())

    return places, BoundedCache(fields, NAMES_KEPT_MAX)


def append_durably(connection: Connection, batches: Sequence[Deliveries]) -> list[list[PositionRange]]:
    """Append batches in a transaction of their own; return where each one's deliveries lie, by partition.

    Raises OutcomeUnknown when the commit may or may not have happened, and psycopg.Error when
    surely nothing was appended.
    """
    wanted = _partitions(batches)
    heads = _lock(connection, wanted, begin=True)
    hit("api.locked")
    data, places = number_rows(batches, wanted, heads)
    try:
        statements = [_text("append/copy"), *_counting(batches), _text("append/commit")]
        run_copy(connection, b";".join(statements), data)
    except psycopg.Error as error:
        # An ERROR ends the transaction, and we still hear it. What ends the session may have come
        # after the commit.
        if error.diag.severity_nonlocalized == "ERROR":
            raise
        raise OutcomeUnknown("the commit was sent and its answer was lost") from error
    return places


def append(connection: Connection, batches: Sequence[Deliveries]) -> list[list[PositionRange]]:
    """Append batches in the caller's transaction, which must be READ COMMITTED; as append_durably."""
    wanted = _partitions(batches)
    heads = _lock(connection, wanted, begin=False)
    data, places = number_rows(batches, wanted, heads)
    run_copy(connection, _text("append/copy"), data)
    return places


def _counting(batches: Sequence[Deliveries]) -> Iterator[bytes]:
    """Yield the statement that counts what came with keys that have a quota of a day, if anything did.

    It is in the message of the COPY, so that it is of the same day. An id is of letters and digits.
    """
    counted: Counter[str] = Counter()
    for batch in batches:
        if batch.is_counted and batch.publisher is not None:
            counted[batch.publisher] += batch.count
    if counted:
        keys = b"'{%b}'" % ",".join(counted).encode()
        events = b"'{%b}'" % ",".join(map(str, counted.values())).encode()
        yield _text("append/count").replace(b"%(keys)s", keys).replace(b"%(events)s", events)


def _partitions(batches: Sequence[Deliveries]) -> list[int]:
    return sorted(set(chain.from_iterable(batch.counts for batch in batches)))


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
) -> tuple[bytes, list[list[PositionRange]]]:
    """Give each row its position: batches in their order, so one connection's publishes stay in order.

    Rows stay mixed as they came, and not for ease alone. COPY keeps up to 1,000 rows before it writes them,
    each in a slot of its partition that it makes when first needed and registers in a hash table in which
    all slots of one partition collide: sorted by partition, 5,000 rows cost it 0.9 µs more each.
    """
    following = {partition: count(heads[partition] + 1) for partition in wanted}
    placed = chain.from_iterable(batch.partitions for batch in batches)
    positions = map(next, map(following.__getitem__, placed))
    starts = map(ROW_START.pack, repeat(FIELDS), repeat(8), positions)
    rows = chain.from_iterable(batch.rows for batch in batches)
    numbered = chain.from_iterable(zip(starts, rows, strict=True))
    data = b"".join(chain((COPY_HEADER,), numbered, (COPY_TRAILER,)))
    return data, _places_of(batches, dict(heads))


def _places_of(batches: Sequence[Deliveries], heads: dict[int, int]) -> list[list[PositionRange]]:
    """Return where each batch lies, by partition, ascending; moves the heads on."""
    places = []
    for batch in batches:
        placed = []
        for partition, rows in sorted(batch.counts.items()):
            first = heads[partition] + 1
            heads[partition] += rows
            placed.append(PositionRange(partition, first, heads[partition]))
        places.append(placed)
    return places
