"""A PostgreSQL as the product starts it, durable, and a fresh database for each measurement."""

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from eventlog.embedded import EmbeddedServer
from eventlog.logs import configure_logs
from eventlog.sessions.database import Connection, connect
from projections.install import set_up
from tests.benchmarks.driving import POLL_SECONDS
from tests.benchmarks.statements import statement
from tests.support.postgres import at_database, cloned_database, create_database

STILL_SECONDS_MAX = 60.0

TEMPLATE = "template_bench"
PARTITIONS = 8

# The moment at which a projector's transaction was committed is when its events can be queried.
# Asking PostgreSQL for it afterwards costs nothing while we measure.
OPTIONS = {"track_commit_timestamp": "on"}


def prepare() -> None:
    """Keep our own code's logs out of the figures, and end what was started when we are ended."""
    configure_logs("error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Place:
    """A fresh database: the owner's address, and a superuser's session to watch it with."""

    def __init__(self, server: EmbeddedServer, dsn: str, observer: Connection) -> None:
        self.server = server
        self.dsn = dsn
        self.observer = observer

    def pending(self, projection: str = "core") -> int:
        """Return how far a projection is behind, in deliveries."""
        row = self.observer.execute(statement("pending"), {"projection": projection}).fetchone()
        assert row is not None
        return int(row[0])

    def wait_until_projected(self, projections: Sequence[str] = ("core", "timeline")) -> None:
        """Wait until these projections have all there is; raises TimeoutError when nothing moves for long."""
        before, since = -1, time.monotonic()
        while pending := sum(self.pending(name) for name in projections):
            if pending != before:
                before, since = pending, time.monotonic()
            elif time.monotonic() - since > STILL_SECONDS_MAX:
                raise TimeoutError(f"{pending} deliveries are pending, and nobody projects them")
            time.sleep(POLL_SECONDS)

    def checkpoint(self) -> None:
        """Make a checkpoint, so that none falls into what is measured unless it makes enough WAL itself."""
        self.observer.execute(statement("checkpoint"))

    def received(self) -> int:
        """Return how many deliveries the log has."""
        row = self.observer.execute(statement("received")).fetchone()
        assert row is not None
        return int(row[0])

    def events(self) -> int:
        """Return how many events the projection has."""
        row = self.observer.execute(statement("events")).fetchone()
        assert row is not None
        return int(row[0])

    def session(self) -> Connection:
        """Open another session of the owner."""
        return connect(self.dsn, "owner", "bench")

    def sessions(self, name: str) -> int:
        """Return how many sessions of an application name there are."""
        return sum(found == name for _, found in self.observer.execute(statement("sessions")))


class Arena:
    """A server that runs."""

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Make a database, after what was written before is on disk; drop it at the end."""
        with (
            cloned_database(self.server, TEMPLATE) as name,
            connect(at_database(self.server.superuser_dsn, name), "owner", "bench") as observer,
        ):
            place = Place(self.server, at_database(self.server.dsn, name), observer)
            place.checkpoint()
            yield place


@contextmanager
def arena(
    folder: Path | None = None, *, bindir: Path | None = None, options: Mapping[str, str] | None = None
) -> Iterator[Arena]:
    """Run a server over a new directory in `folder`, or where temporary files go."""
    data = Path(tempfile.mkdtemp(prefix="eventlog-bench-", dir=folder))
    data.chmod(0o755)
    try:
        with EmbeddedServer(data / "pg", bindir=bindir, options={**OPTIONS, **(options or {})}) as server:
            create_database(server, TEMPLATE)
            set_up(at_database(server.dsn, TEMPLATE), PARTITIONS)
            yield Arena(server, data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
