"""The benchmark ladder, one run: `python -m tests.benchmarks.ladder`, or `make bench`.

Each step adds one thing to the one before, from what the disk can do up to the whole job, and is told
as a percentage of it and of PostgreSQL's raw COPY. Rounds are interleaved and medians are taken, since
machines are noisy. Durable throughout; the load generator runs on the same machine and is counted.
After every step the log is counted anew, and the projection's rows, counts and books are held against
it: where anything is not exact, the figure is void.

Writes ladder.json, ladder.md and, where matplotlib is installed, plots.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tests.benchmarks.arena import Arena, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Ladder, Sizes, rungs
from tests.benchmarks.plots import plot
from tests.benchmarks.report import markdown, show
from tests.benchmarks.steps import (
    append_code,
    backlog,
    end_to_end,
    fsync,
    idle,
    latency,
    over_http,
    overload,
    queries,
    raw_copy,
    rebuilding,
)
from tests.benchmarks.surroundings import surroundings

Step = Callable[[Arena, Sizes, Sequence[Figure]], list[Figure]]

# In each round, from the bottom of the ladder to its top.
EACH_ROUND: dict[str, Step] = {
    "fsync": fsync.run,
    "raw_copy": raw_copy.run,
    "append": append_code.run,
    "http": over_http.run,
    "end_to_end": end_to_end.run,
    "backlog": backlog.run,
}
# Once, when the rates are known that some of them start from.
ONCE: dict[str, Step] = {
    "sustained": end_to_end.sustained,
    "rebuild": rebuilding.run,
    "queries": queries.run,
    "latency": latency.run,
    "overload": overload.run,
    "idle": idle.run,
}
QUICK = Sizes(
    events=20_000,
    rounds=1,
    seconds=1.0,
    latency_seconds=1.0,
    connections=[4, 32],
    bound=10_000,
    rebuild_events=20_000,
    query_events=20_000,
)


def climb(sizes: Sizes, steps: Sequence[str], folder: Path | None, say: Callable[[str], None]) -> Ladder:
    """Measure the steps of these names."""
    began = time.monotonic()
    found: list[Figure] = []
    with arena(folder) as running:
        with running.place() as place:
            around = surroundings(running, place)
        rounds = [(name, step) for _ in range(sizes.rounds) for name, step in EACH_ROUND.items()]
        for name, step in [*rounds, *ONCE.items()]:
            if name in steps:
                figures = step(running, sizes, found)
                found += figures
                for figure in figures:
                    say(f"{figure.name}: {figure.value:,.1f} {figure.unit} {' '.join(figure.faults)}")
    return Ladder(
        sizes=sizes,
        event_bytes=_event_bytes(),
        surroundings=around,
        minutes=round((time.monotonic() - began) / 60, 1),
        rungs=rungs(found),
    )


def main() -> int:
    """Climb as the flags say; exit 3 when a figure is void."""
    given = _flags()
    sizes = _sizes(given)
    ladder = climb(sizes, given.steps, given.dir, lambda line: print(line, file=sys.stderr))
    given.out.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(ladder), indent=2)
    (given.out / "ladder.json").write_bytes(encoded + b"\n")
    (given.out / "ladder.md").write_text(markdown(ladder), encoding="utf-8")
    plot(ladder, given.out)
    show(ladder)
    return 3 if any(rung.faults for rung in ladder.rungs) else 0


def _flags() -> argparse.Namespace:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--quick", action="store_true", help="tiny sizes: to see that it runs")
    for name, kind in _SIZE_FLAGS.items():
        flags.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"default {getattr(Sizes(), name)}")
    flags.add_argument(
        "--connections", type=int, nargs="+", metavar="N", help="over HTTP; default 4 16 32 64"
    )
    names = [*EACH_ROUND, *ONCE]
    flags.add_argument(
        "--steps", nargs="+", choices=names, default=names, metavar="STEP", help=", ".join(names)
    )
    flags.add_argument("--dir", type=Path, help="where the database lies; default: with temporary files")
    flags.add_argument("--out", type=Path, default=Path("bench-results"), help="default bench-results")
    return flags.parse_args()


_SIZE_FLAGS: dict[str, type[int] | type[float]] = {
    "events": int,
    "rounds": int,
    "seconds": float,
    "latency_seconds": float,
    "bound": int,
    "workers": int,
    "rebuild_events": int,
    "query_events": int,
}


def _sizes(given: argparse.Namespace) -> Sizes:
    names = [*_SIZE_FLAGS, "connections"]
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return msgspec.structs.replace(QUICK if given.quick else Sizes(), **chosen)


def _event_bytes() -> int:
    """Return how long an event is, on average, with the comma behind it."""
    return round(len(next(Load(events=1_000, batch=1_000).bodies())[0]) / 1_000)


if __name__ == "__main__":
    prepare()
    sys.exit(main())
