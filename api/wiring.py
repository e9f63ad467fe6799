"""What the routes work with: made when the application starts, closed in order when it stops."""

import asyncio
import threading
from collections.abc import AsyncIterator, MutableSequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import structlog

from api.http.admission import Admission
from api.live.hub import Hub
from api.services.cached_books import CachedBooks
from api.services.cached_findings import CachedFindings
from api.services.examiner import Examiner
from api.services.ingest_definitions import IngestDefinitions
from api.services.keys_desk import KeysDesk
from api.services.operations import Operations
from api.services.projection_waiter import ProjectionWaiter
from api.services.retry_subprocess import AT_ONCE_MAX
from api.services.sql_throttle import SqlThrottle
from eventlog.audit.auditor import Auditor
from eventlog.hooks.definition import HookFile
from eventlog.intake import PublishLimits
from eventlog.keys.day_counts import DayCounts
from eventlog.keys.directory import KeyDirectory
from eventlog.keys.meter import KeyMeters
from eventlog.keys.uses import KeyUses
from eventlog.log.disk_room import volumes
from eventlog.log.outbox import Mover
from eventlog.log.refused_publishes import RefusalLog
from eventlog.log.wake import Waker
from eventlog.log.writer import Writer
from eventlog.schema.migrate import schema_state
from eventlog.sessions.database import connect, translated_errors
from eventlog.settings import Settings
from projections.read.pool import ReaderPool

log = structlog.get_logger()

READERS_MAX = 8
# Of statements of auditors that are being sent.
ASKED_BYTES_MAX = 8 << 20
# How many of these may be taken by reads that take the longer the more there is.
LONG_READS_MAX = 3
# Answers of JSON Lines that are being sent; each has a page in memory, as long as its reader likes.
LINES_MAX = 100
# Further sessions for what must be known at once, whatever else is read: is it ready, is it projected?
PROBES_MAX = 2


class ProcessIdentity(msgspec.Struct, frozen=True):
    """Which this is of the API processes that share a port, and what they know of each other."""

    started_at: datetime  # of all of them together
    queue_sizes: MutableSequence[int]
    number: int


def alone() -> ProcessIdentity:
    """Return what the only process is."""
    return ProcessIdentity(datetime.now(UTC), [0], 0)


class Services(msgspec.Struct):
    """The parts of one API process."""

    settings: Settings
    member: ProcessIdentity
    partitions: int
    limits: PublishLimits
    writer: Writer
    examiner: Examiner
    admission: Admission
    asking: Admission
    refusals: RefusalLog
    pool: ReaderPool
    reads: asyncio.Semaphore
    long_reads: asyncio.Semaphore
    lines: asyncio.Semaphore
    bookkeeper: CachedBooks
    projected: ProjectionWaiter
    operations: Operations
    retries: asyncio.Semaphore
    auditor: Auditor
    turns: SqlThrottle
    hub: Hub
    cached_findings: CachedFindings
    keys: KeyDirectory | None
    meters: KeyMeters | None
    key_uses: KeyUses | None
    hooks: HookFile | None
    keys_desk: KeysDesk
    definitions: IngestDefinitions

    @property
    def queue_size(self) -> int:
        """Events that wait for the writers of all processes that share the port."""
        return sum(self.member.queue_sizes)

    @property
    def queue_events_max(self) -> int:
        """How many events may wait in all these processes together."""
        return self.settings.queue_events_max * len(self.member.queue_sizes)


@asynccontextmanager
async def running(settings: Settings, dsn: str, member: ProcessIdentity) -> AsyncIterator[Services]:
    """Start all parts over the database at dsn, whose schema must be there; stop them in order.

    Raises DatabaseUnavailable or SchemaMismatch before anything is started.
    """
    hooks = None if settings.hooks_file is None else HookFile(settings.hooks_file)
    partitions = await asyncio.to_thread(_partitions, dsn)
    writer = Writer(
        dsn,
        queue_events_max=settings.queue_events_max,
        queue_bytes_max=settings.queue_bytes_max,
        sizes=member.queue_sizes,
        number=member.number,
        volumes=volumes(settings),
    )
    waker = Waker(dsn, writer.appended)
    refusals = RefusalLog(dsn)
    mover = Mover(dsn, on_moved=writer.appended.set)
    moving = threading.Thread(target=mover.run, name="eventlog-mover", daemon=True)
    moving.start()
    operations = Operations(dsn, settings)
    keys = None if settings.auth_mode == "open" else KeyDirectory(dsn)
    uses = None if keys is None else KeyUses(dsn)
    days = None if keys is None else DayCounts(dsn, lambda: keys.counts_days)
    enforced = settings.auth_mode == "required"
    pool = ReaderPool(dsn, READERS_MAX + PROBES_MAX)
    hub = Hub(dsn, partitions, readers_max=settings.streams_max, bytes_max=settings.stream_buffer_bytes_max)
    try:
        await asyncio.to_thread(operations.renew)
        yield Services(
            settings=settings,
            member=member,
            partitions=partitions,
            limits=PublishLimits(
                event_bytes=settings.event_bytes_max,
                body_bytes=settings.body_bytes_max,
                batch_events=settings.batch_events_max,
            ),
            writer=writer,
            examiner=Examiner(),
            admission=Admission(settings.queue_bytes_max),
            asking=Admission(ASKED_BYTES_MAX),
            refusals=refusals,
            pool=pool,
            reads=asyncio.Semaphore(READERS_MAX),
            bookkeeper=CachedBooks(),
            long_reads=asyncio.Semaphore(LONG_READS_MAX),
            lines=asyncio.Semaphore(LINES_MAX),
            projected=ProjectionWaiter(pool),
            operations=operations,
            retries=asyncio.Semaphore(AT_ONCE_MAX),
            auditor=Auditor(dsn, settings.audit_dsn),
            turns=SqlThrottle(lambda: writer.flushes.seconds.total),
            hub=hub,
            cached_findings=CachedFindings(settings, dsn),
            keys=keys,
            key_uses=uses,
            hooks=hooks,
            keys_desk=KeysDesk(dsn),
            definitions=IngestDefinitions(pool),
            meters=None if days is None else KeyMeters(len(member.queue_sizes), days, enforced=enforced),
        )
    finally:
        await hub.close()
        mover.stop()
        await asyncio.to_thread(operations.close)
        await writer.close()
        await pool.close()
        await asyncio.to_thread(_close_threads, waker, refusals, moving, keys, days, uses)
        log.info("api_stopped")


def _partitions(dsn: str) -> int:
    with connect(dsn, "owner", "start") as connection, translated_errors():
        return schema_state(connection).partitions


def _close_threads(
    waker: Waker,
    refusals: RefusalLog,
    moving: threading.Thread,
    *others: KeyDirectory | DayCounts | KeyUses | None,
) -> None:
    for other in others:
        if other is not None:
            other.close()
    waker.close()
    refusals.close()
    moving.join()
