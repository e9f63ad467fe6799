"""Rebuilds under live traffic, by 1, 2 and 8 workers in turn, while readers poll all the time.

python -m tests.faults.rebuilds --rebuilds 100      goes on after those that are in the results already

A round is three rebuilds of core over a copy of a log that is filled and projected. Clients publish
with a journal and two workers project all the while, and three readers poll: GET /stats and /events, and
the stable views in READ COMMITTED and in REPEATABLE READ. After each rebuild the live version is compared
with a replay of the log, both of one snapshot; at the end of a round everything is held against the
journals. Results are lines of JSON, one a rebuild.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psycopg

from eventlog.embedded import EmbeddedServer
from projections.projection import CORE
from projections.verify import verify
from tests.faults.amcheck import damage
from tests.faults.checker import violations
from tests.faults.client import Load, load
from tests.faults.journal import Attempt, read_journal
from tests.faults.run import CODE, Arena
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.support.polling import Poller, api_reader, polling, sql_reader
from tests.support.postgres import at_database, cloned_database, create_database, short_directory
from tests.support.waiting import until

RESULTS = Path(__file__).with_name("results") / "rebuilds.jsonl"
WORKERS = (1, 2, 8)
FILLED = "template_filled"
# How long the readers are watched without a rebuild: what this machine adds to every pause.
AT_REST_SECONDS = 0.5

LAST_OUTCOME = "SELECT detail FROM operations WHERE kind = 'rebuild' ORDER BY started_at DESC LIMIT 1"
HEADS = "SELECT sum(head_of(partition)) FROM partitions"


class Result(msgspec.Struct):
    """One rebuild, and what was seen while it was under way. Pauses are the longest of any one read."""

    number: int
    code: str
    workers: int
    sound: bool
    faults: list[str]
    hash: str
    version: int
    deliveries: int
    appended_meanwhile: int
    rebuild_seconds: float
    attempts: int
    reads: int
    pause_milliseconds: dict[str, float]
    pause_at_rest_milliseconds: dict[str, float]
    publish_milliseconds: float


@contextmanager
def filled(server: EmbeddedServer, template: str, spawner: Spawner, deliveries: int) -> Iterator[Path]:
    """Make the database that each round has a copy of; yield the journal of who filled it."""
    create_database(server, FILLED, template)
    dsn = at_database(server.dsn, FILLED)
    with short_directory("eventlog-filled-") as directory:
        journal = directory / "filled.jsonl"
        with Stack(spawner, dsn, directory) as stack:
            stack.start_api()
            for _ in range(2):
                stack.start_worker(batch_size=5_000)
            with load(stack.port, journal, clients=2, batch_max=1_000) as running:
                until(lambda: running.journal.acknowledged >= deliveries, deadline_seconds=120)
            stack.drain(120)
        yield journal


class Round:
    """Three rebuilds over one copy."""

    def __init__(self, dsn: str, stack: Stack, running: Load, pollers: list[Poller]) -> None:
        self._dsn = dsn
        self._stack = stack
        self._running = running
        self._pollers = pollers

    def play(self, number: int) -> Result:
        """Rebuild once, then compare with a replay, while everything goes on."""
        self._laps()
        time.sleep(AT_REST_SECONDS)
        at_rest, reads, appended = self._laps(), self._reads(), self._running.journal.acknowledged
        began_at = time.time()
        workers = WORKERS[(number - 1) % len(WORKERS)]
        command = self._stack.start_command("rebuild", "core", "--workers", str(workers))
        code = command.wait(120)
        pauses, publishing = self._laps(), self._slowest_publish(began_at)
        faults = [] if code == 0 else [f"rebuild ended with {code}: {command.log.read_text()[-1000:]}"]
        version, seconds, attempts = self._outcome()
        verified = verify(self._dsn, CORE)
        faults += [f"differs from a replay: {name}" for name in verified.differing]
        return Result(
            number=number,
            code=CODE,
            workers=workers,
            sound=not faults,
            faults=faults,
            hash=verified.hash,
            version=version,
            deliveries=verified.deliveries,
            appended_meanwhile=self._running.journal.acknowledged - appended,
            rebuild_seconds=seconds,
            attempts=attempts,
            reads=self._reads() - reads,
            pause_milliseconds=pauses,
            pause_at_rest_milliseconds=at_rest,
            publish_milliseconds=publishing,
        )

    def _laps(self) -> dict[str, float]:
        return {poller.name: round(poller.lap() * 1000, 1) for poller in self._pollers}

    def _reads(self) -> int:
        return sum(poller.reads for poller in self._pollers)

    def _slowest_publish(self, since: float) -> float:
        """Return the longest that a publisher waited for its 202 from that moment on."""
        attempts = [each for each in read_journal(self._running.journal.path) if each.started >= since]
        return round(max((_milliseconds(each) for each in attempts), default=0.0), 1)

    def _outcome(self) -> tuple[int, float, int]:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            row = connection.execute(LAST_OUTCOME).fetchone()
        detail = row[0] if row is not None else {}
        return detail.get("version", 0), detail.get("seconds", 0.0), detail.get("attempts", 0)


def _milliseconds(attempt: Attempt) -> float:
    return 0.0 if attempt.ended is None else (attempt.ended - attempt.started) * 1000


def play_round(
    server: EmbeddedServer, spawner: Spawner, numbers: Sequence[int], filler: Path
) -> list[Result]:
    """Play some rebuilds over one copy; what does not hold at the end is held against the last of them.

    `filler` is the journal of who filled the log.
    """
    with ExitStack() as ends:
        directory = ends.enter_context(short_directory("eventlog-rebuilds-"))
        name = ends.enter_context(cloned_database(server, FILLED))
        dsn = at_database(server.dsn, name)
        stack = ends.enter_context(Stack(spawner, dsn, directory))
        for _ in range(2):
            stack.start_worker(batch_size=1_000)
        stack.start_api()
        journal = directory / "journal.jsonl"
        pollers = [
            Poller("api", ends.enter_context(api_reader(stack.port))),
            Poller("read committed", ends.enter_context(sql_reader(dsn, repeatable=False))),
            Poller("repeatable read", ends.enter_context(sql_reader(dsn, repeatable=True))),
        ]
        # Paced: a publisher flat out would take the cores that the rebuild is to be watched on.
        with polling(*pollers), load(stack.port, journal, seed=numbers[0] + 1, pause_seconds=0.02) as running:
            until(lambda: running.journal.acknowledged > 0, deadline_seconds=20)
            played = Round(dsn, stack, running, pollers)
            results = [played.play(number) for number in numbers]
        stack.drain()
        last = results[-1]
        last.faults += [fault for poller in pollers for fault in poller.faults]
        last.faults += violations([filler, journal], dsn)
        last.faults += [f"differs at rest: {each}" for each in verify(dsn, CORE).differing]
        last.faults += damage(at_database(server.superuser_dsn, name))
        last.sound = not last.faults
        return results


def numbers_done(results: Path) -> set[int]:
    """Return which rebuilds the results already have."""
    if not results.exists():
        return set()
    return {msgspec.json.decode(line, type=Result).number for line in results.read_bytes().splitlines()}


def main() -> int:
    options = _options()
    done = numbers_done(options.results)
    wanted = [number for number in range(1, options.rebuilds + 1) if number not in done]
    print(f"{len(done)} rebuilds are in {options.results}, {len(wanted)} to go", file=sys.stderr)
    options.results.parent.mkdir(exist_ok=True)
    with ExitStack() as ends, options.results.open("ab", buffering=0) as file:
        if not wanted:
            return _summed_up(options.results)
        arena = Arena(ends, options.bindir)
        filler = ends.enter_context(filled(arena.server, arena.template, arena.spawner, options.deliveries))
        end = time.monotonic() + options.seconds
        while wanted and time.monotonic() < end:
            numbers, wanted = wanted[: len(WORKERS)], wanted[len(WORKERS) :]
            for result in play_round(arena.server, arena.spawner, numbers, filler):
                file.write(msgspec.json.encode(result) + b"\n")
                _tell(result)
    return _summed_up(options.results)


def _tell(result: Result) -> None:
    pause = max(result.pause_milliseconds.values())
    print(
        f"rebuild {result.number}: {'sound' if result.sound else 'UNSOUND'}, {result.workers} workers,"
        f" {result.deliveries} deliveries, {result.appended_meanwhile} appended meanwhile,"
        f" {result.rebuild_seconds:.1f} s, longest pause {pause:.0f} ms",
        file=sys.stderr,
        flush=True,
    )
    for fault in result.faults:
        print(f"  {fault}", file=sys.stderr)


def _summed_up(results: Path) -> int:
    found = [msgspec.json.decode(line, type=Result) for line in results.read_bytes().splitlines()]
    for workers in WORKERS:
        if of := [each for each in found if each.workers == workers]:
            _tell_sums(workers, of)
    return 0 if all(each.sound for each in found) else 3


def _tell_sums(workers: int, of: list[Result]) -> None:
    pauses = _longest([each.pause_milliseconds for each in of])
    at_rest = _longest([each.pause_at_rest_milliseconds for each in of])
    print(
        f"{workers} workers: {len(of)} rebuilds, {sum(each.sound for each in of)} sound,"
        f" {sum(each.reads for each in of)} reads,"
        f" {sum(each.appended_meanwhile for each in of)} appended meanwhile"
    )
    print(f"  longest pause in ms: {pauses}; without a rebuild: {at_rest}")
    print(f"  longest wait for a 202 in ms: {max(each.publish_milliseconds for each in of)}")


def _longest(pauses: list[dict[str, float]]) -> dict[str, float]:
    return {name: max(each[name] for each in pauses) for name in pauses[0]}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Rebuild under live traffic while readers poll all the time."
    )
    parser.add_argument("--rebuilds", type=int, default=100, help="1 … N; those done are left out")
    parser.add_argument("--deliveries", type=int, default=30_000, help="how many the log begins with")
    parser.add_argument("--seconds", type=float, default=3600, help="begin no round after so long")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--bindir", type=Path, help="the folder with PostgreSQL's programs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
