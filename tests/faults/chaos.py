"""Random fault schedules from seeds, each ended by the check of every invariant.

python -m tests.faults.chaos --schedules 1000        goes on after the seeds already in the results
python -m tests.faults.chaos --seed 17               plays one schedule again, and says what it does

A schedule runs an API, two workers, clients with a journal and now and then publishers through the
outbox over a database of its own, strikes three to eight times, heals, drains, and checks. Results
are lines of JSON, one a schedule. The server is used again: it has no fsync, since a kill of any
process leaves the page cache alone; what a power cut does is for tests/faults/power_cut.py.
"""

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from tests.faults.run import CODE, Arena, Result, Run
from tests.faults.schedule import make_schedule
from tests.support.postgres import cloned_database, short_directory

RESULTS = Path(__file__).with_name("results") / "chaos.jsonl"


def play(arena: Arena, seed: int) -> Result:
    """Play the schedule of a seed over a database of its own."""
    began = time.monotonic()
    schedule = make_schedule(seed)
    with (
        short_directory("eventlog-chaos-run-") as directory,
        cloned_database(arena.server, arena.template) as database,
    ):
        run = Run(arena, schedule, database, directory)
        try:
            return run.play()
        except (AssertionError, psycopg.Error) as error:
            arena.server.start()
            lines = [f"{type(error).__name__}: {error}"]
            seconds = round(time.monotonic() - began, 2)
            return Result(seed, CODE, False, lines, {}, 0, 0, 0, {}, [], 0, 0, seconds)


def seeds_done(results: Path) -> set[int]:
    """Return the seeds that the results already have, sound or not."""
    if not results.exists():
        return set()
    return {msgspec.json.decode(line, type=Result).seed for line in results.read_bytes().splitlines()}


def main() -> int:
    options = _options()
    # Ended from outside, it ends the server and all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as ends:
        arena = Arena(ends, options.bindir)
        if options.seed is not None:
            print(msgspec.json.format(msgspec.json.encode(make_schedule(options.seed))).decode())
            result = play(arena, options.seed)
            print(msgspec.json.format(msgspec.json.encode(result)).decode())
            return 0 if result.sound else 3
        return _play_all(arena, options)


def _play_all(arena: Arena, options: argparse.Namespace) -> int:
    done = seeds_done(options.results)
    wanted = [seed for seed in range(1, options.schedules + 1) if seed not in done]
    print(f"{len(done)} schedules are in {options.results}, {len(wanted)} to go", file=sys.stderr)
    unsound = 0
    options.results.parent.mkdir(exist_ok=True)
    with options.results.open("ab", buffering=0) as file:
        for seed in wanted:
            result = play(arena, seed)
            file.write(msgspec.json.encode(result) + b"\n")
            _tell(result)
            unsound += not result.sound
    return 3 if unsound else 0


def _tell(result: Result) -> None:
    verdict = "sound" if result.sound else "UNSOUND"
    print(
        f"seed {result.seed}: {verdict} in {result.seconds:.1f} s, {result.acknowledged} acknowledged,"
        f" {sum(result.faults.values())} faults",
        file=sys.stderr,
        flush=True,
    )
    for line in result.violations:
        print(f"  {line}", file=sys.stderr)
    if not result.sound:
        print(f"  again: python -m tests.faults.chaos --seed {result.seed}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    def whole(text: str) -> int:
        return int(text)

    parser = argparse.ArgumentParser(description="Play random fault schedules and check every invariant.")
    parser.add_argument("--schedules", type=whole, default=100, help="seeds 1 … N; those done are left out")
    parser.add_argument("--seed", type=whole, help="play one schedule again")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--bindir", type=Path, help="the folder with PostgreSQL's programs")
    chosen: Any = parser.parse_args()
    assert isinstance(chosen, argparse.Namespace)
    return chosen


if __name__ == "__main__":
    sys.exit(main())
