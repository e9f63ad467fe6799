"""Play schedules, and say which failed."""

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tests.publisher.rotations.play import Arena, Result, play_seed
from tests.publisher.rotations.schedule import make_schedule

RESULTS = Path(__file__).with_name("results.jsonl")


def main() -> int:
    """Play one seed, or all that the results do not have."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100, help="seeds 1 … N; those done are left out")
    parser.add_argument("--seed", type=int, help="play one schedule, and say what it does")
    parser.add_argument("--of", type=int, nargs=2, metavar=("PART", "PARTS"), default=(0, 1))
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as ends:
        arena = Arena(ends)
        if chosen.seed is not None:
            print(msgspec.json.format(msgspec.json.encode(make_schedule(chosen.seed)), indent=0).decode())
            result = play_seed(arena, chosen.seed)
            print(msgspec.json.format(msgspec.json.encode(result)).decode())
            return 0 if result.sound else 3
        part, parts = chosen.of
        wanted = [seed for seed in range(1, chosen.schedules + 1) if seed % parts == part]
        return _play_all(arena, wanted, chosen.results)


def _play_all(arena: Arena, wanted: list[int], results: Path) -> int:
    done = set()
    if results.exists():
        done = {msgspec.json.decode(line, type=Result).seed for line in results.read_bytes().splitlines()}
    unsound = 0
    with results.open("ab", buffering=0) as file:
        for seed in wanted:
            if seed in done:
                continue
            result = play_seed(arena, seed)
            file.write(msgspec.json.encode(result) + b"\n")
            unsound += not result.sound
            if not result.sound:
                print(f"seed {seed}: {result.violations}", file=sys.stderr, flush=True)
    return 3 if unsound else 0


if __name__ == "__main__":
    sys.exit(main())
