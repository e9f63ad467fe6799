"""Find the delivery that kills whoever projects it, and set it aside; its neighbours go on.

A process that dies in the middle of a step leaves nothing behind, and the next one plays the same batch.
So what is played is written down before, in a transaction of its own that waits for the disk, but only
once there is reason to: usually nothing of this costs anything.

1. Each worker has a row in `worker_sessions` while its session lives, and deletes it when it ends. Whoever
   finds the row of a session that is gone knows that a worker ended without a word: by its own fault, by
   `kill -9`, with its machine. Then every claim is suspected.
2. A batch of a suspected claim is an attempt: announced first, and one at a time in the whole database, so
   that a death says which one it was. Survived, its claim is suspected no longer.
3. An attempt whose session is gone has killed: its deliveries are played in parts of a hundredth, one by one
   in the end.
4. A delivery that has killed three times while it was played alone goes into quarantine, by a decision that
   every replay takes as it is, until it is retried.

A worker whose step takes too long ends its session as if it had died, so what hangs is found the same way.
A rebuild that meets it first finds it in the same order: projections/rebuilding/subprocess_player.py.

Who is killed from outside sets nothing aside: a healthy delivery is survived the next time, and only three
deaths in a row, each during the attempt at this one delivery alone, put it into quarantine.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.replay import Decision, set_aside
from projections.versions import Version

log = structlog.get_logger()

# Deaths cost a restart each, attempts a few milliseconds: of 10,000 deliveries, three deaths and at most
# two hundred attempts find the one.
PARTS = 100
DEATHS_MAX = 3
# How often a worker looks for others that died.
LOOK_SECONDS = 5.0
# No SQLSTATE of PostgreSQL's; the content does not explain it.
PROCESS_DIED = "EL001"


class Suspicion(msgspec.Struct, frozen=True):
    """What is known of a suspected claim; positions are inclusive.

    through: the last one suspected; None if no attempt at this claim has killed yet.
    first, last: the last attempt. died: its session is gone. deaths: if it was of one delivery.
    busy: another attempt is under way, at whatever claim.
    """

    through: int | None
    first: int | None
    last: int | None
    deaths: int
    checkpoint: int
    head: int
    died: bool
    busy: bool


class Attempt(msgspec.Struct, frozen=True):
    """What to play next, and how often this one delivery has killed already."""

    through: int | None
    first: int
    last: int
    deaths: int

    @property
    def hopeless(self) -> bool:
        """Whether the delivery is to be set aside instead of played."""
        return self.deaths >= DEATHS_MAX


def next_attempt(known: Suspicion, size: int) -> Attempt | None:
    """Decide what to play of a suspected claim, at most `size` deliveries; None: nothing, for now."""
    first = known.checkpoint + 1
    if known.busy or known.head < first:
        return None
    through, deaths = known.through, 0
    if known.first is not None and known.last is not None:
        length = known.last - known.first + 1
        again = known.first == first
        if again and known.died:
            through = max(through or 0, known.last)
            deaths = known.deaths + 1 if length == 1 else 0
            size = min(size, max(1, length // PARTS))
        elif through is not None:
            deaths = known.deaths if again else 0
            size = min(size, length)
    return Attempt(through, first, min(known.head, known.checkpoint + size), deaths)


def given_up(partition: int, attempt: Attempt) -> Decision:
    """Decide that the one delivery of a hopeless attempt is set aside."""
    cause = f"its worker died or hung {attempt.deaths} times while it projected this delivery alone"
    return Decision(partition, attempt.first, PROCESS_DIED, cause)


class CrashIsolation:
    """What one worker does about deliveries that may kill it."""

    def __init__(self) -> None:
        self._session = 0
        self._looked = 0.0

    @contextmanager
    def session(self, connection: Connection) -> Iterator[None]:
        """Have it known that this worker lives, and how its session ended."""
        with connection.transaction():
            connection.execute(statement("attempts/durably"))
            row = connection.execute(statement("attempts/begin")).fetchone()
        assert row is not None
        self._session, _ = row
        self._notice(connection)
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # it is lost, and that is what others will see
                connection.execute(statement("attempts/end"), {"session": self._session})

    def look(self, connection: Connection) -> None:
        """Look for workers that ended without a word, every few seconds."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._notice(connection)

    def _notice(self, connection: Connection) -> None:
        self._looked = time.monotonic()
        row = connection.execute(statement("attempts/notice"), {"session": self._session}).fetchone()
        (ended,) = row or (None,)
        if ended:
            log.warning("workers_died", sessions=ended)

    def attempt(
        self,
        connection: Connection,
        version: Version,
        partition: int,
        size: int,
        play: Callable[[int], bool],
    ) -> bool:
        """Announce a batch of a suspected claim, then play it; False when nothing was done."""
        claim = {**version.key, "partition": partition, "session": self._session}
        announced = self._announce(connection, version, claim, partition, size)
        if not announced:
            return False
        try:
            return play(announced)
        finally:
            # A session that is lost here releases nothing: it may be this attempt that ended it.
            if not connection.closed:
                connection.execute(statement("attempts/survived"), claim)
                connection.execute(statement("attempts/release"), claim)

    def _announce(
        self, connection: Connection, version: Version, claim: dict[str, object], partition: int, size: int
    ) -> int:
        """Return how many deliveries to play."""
        with connection.transaction():
            connection.execute(statement("attempts/durably"))
            taken = {**claim, "partitions": [partition], "enough": 1}
            if connection.execute(statement("worker/take"), taken).fetchone() is None:
                return 0
            connection.execute(statement("attempts/lock"))
            cursor = connection.cursor(row_factory=class_row(Suspicion))
            known = cursor.execute(statement("attempts/find"), claim).fetchone()
            if known is None:
                return size
            attempt = next_attempt(known, size)
            if attempt is None:
                return 0
            if attempt.hopeless:
                _give_up(connection, version, claim, partition, attempt)
                return 0
            announced = {**claim, **msgspec.structs.asdict(attempt)}
            connection.execute(statement("attempts/announce"), announced)
            return attempt.last - attempt.first + 1


def _give_up(
    connection: Connection, version: Version, claim: dict[str, object], partition: int, attempt: Attempt
) -> None:
    """Set one delivery aside, durably."""
    set_aside(connection, version, given_up(partition, attempt))
    connection.execute(statement("attempts/clear"), claim)
    log.warning(
        "delivery_quarantined",
        projection=version.projection.name,
        delivery=f"{partition}:{attempt.first}",
        sqlstate=PROCESS_DIED,
    )
