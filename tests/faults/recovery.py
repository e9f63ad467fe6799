"""How long until it goes on, after PostgreSQL or a worker was lost.

python -m tests.faults.recovery --rounds 10      measures each, and adds a line to the results

postgres_killed    from the kill -9 of the postmaster, its restart included, to the next acknowledgement
worker_killed      from the kill -9 of a worker within its step to that partition's being projected by another
worker_stopped     from a SIGSTOP of it; its session is cut when it has idled for too long
"""

import argparse
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psycopg

from eventlog.embedded import EmbeddedServer
from projections.projection import PROJECTIONS, Projection
from tests.faults.client import load
from tests.faults.run import CODE, Arena
from tests.faults.servers import crash
from tests.faults.stack import Stack
from tests.support.postgres import at_database, cloned_database, short_directory
from tests.support.projecting import lag
from tests.support.waiting import until

RESULTS = Path(__file__).with_name("results") / "recovery.jsonl"
# What is promised, in seconds.
PROMISED = {"postgres_killed": 5.0, "worker_killed": 1.0, "worker_stopped": 15.0}
DEADLINE_SECONDS = 30.0


class Measured(msgspec.Struct):
    """The figures of some rounds, in seconds."""

    code: str
    seconds: dict[str, list[float]]


def after_a_kill_of_postgres(server: EmbeddedServer, stack: Stack, journal: Path) -> float:
    """Kill the postmaster under load, start it again; return the seconds without an acknowledgement."""
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 50)
        killed = time.monotonic()
        crash(server)
        before = running.journal.acknowledged
        server.start()
        until(lambda: running.journal.acknowledged > before, deadline_seconds=DEADLINE_SECONDS)
        return time.monotonic() - killed


def after_a_loss_of_a_worker(stack: Stack, journal: Path, number: signal.Signals) -> float:
    """Stop a worker within its step, or kill it there; return the seconds until another has done the step."""
    stack.start_api()
    # Before the victim is stopped: its session is cut soon after.
    stack.start_worker()
    victim = stack.start_worker("proj.done:stop:3")
    with load(stack.port, journal, clients=2, pause_seconds=0.02):
        until(victim.is_stopped, deadline_seconds=DEADLINE_SECONDS)
        stopped = time.monotonic()
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        held: Sequence[Projection] = PROJECTIONS
        if number == signal.SIGKILL:
            held = _until_the_rest_is_done(connection)
            stopped = time.monotonic()
            victim.kill()
        until(lambda: lag(connection, held) == 0, deadline_seconds=DEADLINE_SECONDS)
        return time.monotonic() - stopped


def _until_the_rest_is_done(connection: psycopg.Connection[tuple[object, ...]]) -> list[Projection]:
    """Wait until the other worker has done all but what the victim holds; return of which projection that is.

    While core is behind, which it is to the end if the victim holds a part of it, others are played now and
    then only.
    """
    lagging = (
        "SELECT projection FROM claims"
        " WHERE head_of(partition) > checkpoint_of(projection, version, partition)"
    )
    free = lagging + " AND projection = %s FOR UPDATE SKIP LOCKED"

    def held() -> list[Projection]:
        behind = {name for (name,) in connection.execute(lagging.encode()).fetchall()}
        first = [projection for projection in PROJECTIONS if projection.name in behind][:1]
        done = first and not connection.execute(free.encode(), [first[0].name]).fetchall()
        return first if done else []

    return until(held, deadline_seconds=9.0, message="the victim holds no claim that others wait for")


@contextmanager
def fresh(arena: Arena) -> Iterator[tuple[Stack, Path]]:
    """Yield a stack over a database of its own, and a journal."""
    with (
        short_directory("eventlog-recovery-") as directory,
        cloned_database(arena.server, arena.template) as name,
        Stack(arena.spawner, at_database(arena.server.dsn, name), directory) as stack,
    ):
        yield stack, directory / "journal.jsonl"


def measure(arena: Arena) -> dict[str, float]:
    """Measure each of them once."""
    ways: dict[str, Callable[[Stack, Path], float]] = {
        "postgres_killed": lambda stack, journal: after_a_kill_of_postgres(arena.server, stack, journal),
        "worker_killed": lambda stack, journal: after_a_loss_of_a_worker(stack, journal, signal.SIGKILL),
        "worker_stopped": lambda stack, journal: after_a_loss_of_a_worker(stack, journal, signal.SIGSTOP),
    }
    seconds = {}
    for name, way in ways.items():
        with fresh(arena) as (stack, journal):
            seconds[name] = round(way(stack, journal), 3)
            print(f"{name}: {seconds[name]} s", file=sys.stderr, flush=True)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long until it goes on.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--bindir", type=Path, help="the folder with PostgreSQL's programs")
    options = parser.parse_args()
    with ExitStack() as ends:
        arena = Arena(ends, options.bindir)
        rounds = [measure(arena) for _ in range(options.rounds)]
    seconds = {name: sorted(each[name] for each in rounds) for name in PROMISED}
    with options.results.open("ab") as file:
        file.write(msgspec.json.encode(Measured(CODE, seconds)) + b"\n")
    for name, found in seconds.items():
        print(
            f"{name}: median {statistics.median(found)} s, longest {found[-1]} s of {len(found)};"
            f" promised {PROMISED[name]:g} s"
        )
    return 0 if all(seconds[name][-1] <= PROMISED[name] for name in PROMISED) else 3


if __name__ == "__main__":
    sys.exit(main())
