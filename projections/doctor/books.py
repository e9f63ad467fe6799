"""Whether the log is whole and its books balance, and whether the projections keep up."""

from collections import Counter
from collections.abc import Iterator

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning
from projections.read.standing_still import WITHIN, StandingStill

# How many positions of each partition are counted, 100,000 in some 20 ms. All of a large log would take
# minutes.
NEWEST_POSITIONS = 100_000
LAG_SECONDS_MAX = 60.0
OUTBOX_SECONDS_MAX = 60.0


class Book(msgspec.Struct, frozen=True):
    """One partition of one live projection: counted is what its steps add up to."""

    projection: str
    partition: int
    head: int
    checkpoint: int
    counted: int
    waiting_seconds: float | None

    @property
    def balances(self) -> bool:
        """Received = projected, by its steps' counts, + pending."""
        return self.checkpoint <= self.head and self.counted == self.checkpoint


class Failing(msgspec.Struct, frozen=True):
    """A projection that makes no progress for a reason that is not content."""

    projection: str
    partitions: int
    cause: str


class NewestPositions(msgspec.Struct, frozen=True):
    """The newest positions of a partition: what there is (first, last, rows), and what should be."""

    partition: int
    first: int
    last: int
    rows: int
    first_expected: int
    head: int

    @property
    def contiguous(self) -> bool:
        """Whether there is a row for each position."""
        return self.rows == max(0, self.head - self.first_expected + 1)


class Outbox(msgspec.Struct, frozen=True):
    """What waits to be moved into the log."""

    waiting: int
    oldest_seconds: float | None


def check_positions(connection: Connection) -> Finding:
    """Say whether positions are gap-free, looking at the newest ones of each partition."""
    stretches = (
        connection.cursor(row_factory=class_row(NewestPositions))
        .execute(statement("doctor/positions"), {"newest": NEWEST_POSITIONS})
        .fetchall()
    )
    gaps = [
        f"partition {s.partition} has {s.rows:,} deliveries from {s.first_expected:,} to {s.head:,}"
        for s in stretches
        if not s.contiguous
    ]
    if gaps:
        return failed("positions", "; ".join(gaps), "deliveries are missing: restore the log from a backup")
    looked_at = sum(stretch.rows for stretch in stretches)
    return ok(
        "positions", f"no gap in the newest {looked_at:,} of {sum(s.head for s in stretches):,} deliveries"
    )


def check_books(connection: Connection) -> Iterator[Finding]:
    """Say whether the books balance, and how far behind the projections are."""
    books = connection.cursor(row_factory=class_row(Book)).execute(statement("doctor/books")).fetchall()
    if not books:
        yield failed("books", "no projection is live", "run `eventlog migrate`")
        return
    wrong = [
        f"{b.projection} in partition {b.partition}: checkpoint {b.checkpoint:,}, counted {b.counted:,}"
        for b in books
        if not b.balances
    ]
    if wrong:
        yield failed("books", "; ".join(wrong), "somebody changed eventlog.steps: restore it from a backup")
    else:
        names = sorted({book.projection for book in books})
        yield ok("books", f"balanced in each partition of {', '.join(names)}")
    yield _judge_lag(books, _workers(connection))


def check_failures(connection: Connection) -> Finding:
    """Say whether a projection is broken, or dropped."""
    cursor = connection.cursor(row_factory=class_row(Failing))
    failing = cursor.execute(statement("doctor/failures")).fetchall()
    dropped = [str(name) for (name,) in connection.execute(statement("doctor/dropped"))]
    if not failing and not dropped:
        return ok("projections", "none fails")
    found = [f"{f.projection} fails in {f.partitions} partitions: {f.cause}" for f in failing]
    mend = ["mend the projection's code; it is tried again all the time"] if failing else []
    found += [f"{name}: dropped, reading it is answered 503" for name in dropped]
    mend += [f"`eventlog rebuild {name}`" for name in dropped]
    return warning("projections", "; ".join(found), "; ".join(mend))


def check_standing_still(connection: Connection) -> Finding:
    """Say whether a projection makes no progress though there is work, or has changed and cannot."""
    cursor = connection.cursor(row_factory=class_row(StandingStill))
    found = cursor.execute(statement("read/standing_still"), WITHIN).fetchall()
    if not found:
        return ok("progress", "no projection stands still")
    mend = [f"`eventlog rebuild {each.name}`" for each in found if each.changed]
    if not all(each.changed for each in found):
        mend.append(
            "see whether the workers hang (stopped, or waiting for a lock) and whether any of them has "
            "the code of that projection, and start them anew"
        )
    return warning("progress", "; ".join(map(str, found)), "; ".join(mend))


def _judge_lag(books: list[Book], workers: int) -> Finding:
    behind: Counter[str] = Counter()
    for book in books:
        behind[book.projection] += book.head - book.checkpoint
    ((slowest, pending),) = behind.most_common(1)
    oldest = max((book.waiting_seconds or 0.0 for book in books), default=0.0)
    found = f"{pending:,} deliveries pending, the oldest for {oldest:.0f} s; {workers} workers connected"
    if pending and slowest != "core":
        found = f"{slowest}: {found}"
    if workers == 0:
        return warning("lag", found, "start workers: `eventlog up` or `eventlog worker`")
    if oldest > LAG_SECONDS_MAX:
        return warning("lag", found, "see the workers' logs; if they are only too slow, start more of them")
    return ok("lag", found)


def _workers(connection: Connection) -> int:
    row = connection.execute(statement("doctor/workers")).fetchone()
    assert row is not None
    (workers,) = row
    return int(workers)


def check_outbox(connection: Connection) -> Finding:
    """Say whether somebody moves what publish_events left in the outbox."""
    outbox = connection.cursor(row_factory=class_row(Outbox)).execute(statement("doctor/outbox")).fetchone()
    assert outbox is not None
    if outbox.waiting == 0:
        return ok("outbox", "empty")
    found = f"{outbox.waiting:,} events, the oldest for {outbox.oldest_seconds or 0:.0f} s"
    if (outbox.oldest_seconds or 0) > OUTBOX_SECONDS_MAX:
        return warning("outbox", found, "start `eventlog up` or `eventlog api`, which move them into the log")
    return ok("outbox", found)
