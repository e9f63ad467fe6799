"""What the disk does: fdatasync of a file, and PostgreSQL's durable commits of one row."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence

from eventlog.sessions.database import connect
from tests.benchmarks.arena import Arena
from tests.benchmarks.figures import Figure, Sizes
from tests.benchmarks.statements import statement

SECONDS_MAX = 1.0
BLOCK = bytes(8192)  # as PostgreSQL writes its WAL


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    seconds = min(sizes.seconds, SECONDS_MAX)
    with tempfile.TemporaryFile(dir=arena.folder) as file:

        def write() -> None:
            os.pwrite(file.fileno(), BLOCK, 0)
            os.fdatasync(file.fileno())

        synced = _rate(write, seconds)
    with arena.place() as place, connect(place.dsn, "owner", "bench") as session:
        session.execute(statement("commits_table"))
        committed = _rate(lambda: session.execute(statement("commits_row")), seconds)
    return [
        Figure(name="fdatasync", what="fdatasync of 8 kB over the same block", value=synced, unit="syncs/s"),
        Figure(
            name="commits",
            what="PostgreSQL, one row a durable commit, one session",
            value=committed,
            unit="commits/s",
            above="fdatasync",
        ),
    ]


def _rate(work: Callable[[], object], seconds: float) -> float:
    began = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - began) < seconds:
        work()
        done += 1
    return done / passed
