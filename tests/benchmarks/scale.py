"""What changes with scale, one factor at a time: `python -m tests.benchmarks.scale`, or `make bench-scale`.

Each variant is published end to end at bounded lag into a fresh database, a million deliveries by
default, and compared with the plain one. Results are lines of JSON, one a variant, and what has one
already is left out, so that a run goes on where the last one ended; --fresh measures anew.

--big publishes 30 million with random ids, and takes hours and some 40 GB; it is left out otherwise.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks import big, held_snapshot
from tests.benchmarks.arena import Arena, arena, prepare
from tests.benchmarks.deliveries import Load
from tests.benchmarks.publishing import verified
from tests.benchmarks.report import Table, markdown_table, show_table
from tests.benchmarks.scaling import Found, cpu, details, publish_all, rate
from tests.benchmarks.service import service
from tests.benchmarks.surroundings import commit

BIG_EVENTS = 30_000_000
Measure = Callable[[Arena], Found]
Shape = dict[str, Any]

# A factor, and its variants: what differs from the plain load.
LOADS: dict[str, dict[str, Shape]] = {
    "plain": {"10 topics, 30 % duplicates": {}},
    "topics": {f"{count:,}": {"topics": count} for count in (1, 10, 1_000, 100_000)},
    "hot topic": {"90 % in one of 10": {"hot": 0.9}},
    "payload": {f"{size:,} bytes": {"payload_bytes": size} for size in (100, 1_000, 10_000)},
    "duplicates": {f"{share:.0%}": {"duplicates": share} for share in (0.0, 0.3, 0.9)},
}
PROCESSES: dict[str, dict[str, dict[str, int]]] = {
    "API processes": {str(count): {"apis": count} for count in (1, 2, 3, 4)},
    "workers": {str(count): {"workers": count} for count in (1, 2, 4, 8)},
}


def measures(given: argparse.Namespace) -> Iterator[tuple[str, str, Measure]]:
    """Yield every factor's variants, and how each is measured."""
    usual = {"events": given.events, "bound": given.bound, "workers": given.workers}
    for factor, variants in LOADS.items():
        for variant, shape in variants.items():
            yield factor, variant, partial(_vary, factor, variant, shape=shape, **usual)
    for factor, counts in PROCESSES.items():
        for variant, count in counts.items():
            yield factor, variant, partial(_vary, factor, variant, shape={}, **{**usual, **count})
    held = partial(held_snapshot.measure, minutes=given.snapshot_minutes, **usual)
    yield "snapshot", f"held {given.snapshot_minutes:g} minutes", held
    if given.big:
        large = partial(big.measure, **{**usual, "events": given.big_events})
        yield "big", f"{given.big_events:,} random ids", large


def _vary(
    factor: str,
    variant: str,
    running: Arena,
    *,
    shape: Shape,
    events: int,
    bound: int,
    workers: int,
    apis: int = 1,
) -> Found:
    load = Load(events=events, batch=1, **shape)
    with running.place() as place, service(place.dsn, workers, apis=apis) as up:
        published = publish_all(place, up, load, bound)
        told = details(place, published)
        wrong = verified(place, published, projected=True)
    return Found(
        factor=factor,
        variant=variant,
        events=events,
        events_per_second=round(rate(published)),
        details=told,
        cpu=cpu(published),
        faults=wrong,
    )


def read(results: Path) -> list[Found]:
    """Return what was found so far; of each variant the last line counts."""
    lines = results.read_bytes().splitlines() if results.exists() else []
    found = [msgspec.json.decode(line, type=Found) for line in lines]
    return list({(each.factor, each.variant, each.events): each for each in found}.values())


def table(found: list[Found]) -> Table:
    """Return all results beside the plain one of the same size."""
    plain = {each.events: each.events_per_second for each in found if each.factor == "plain"}
    rows = []
    for each in found:
        share = each.events_per_second / plain[each.events] if each.events in plain else None
        sizes = each.details["bytes_per_event"].values()
        rows.append(
            [
                f"{each.factor}: {each.variant}",
                "void" if each.faults else f"{each.events_per_second:,.0f}",
                "–" if share is None else f"{share:.0%}",
                f"{sum(each.cpu.values()):.1f}",
                f"{each.details['wal_bytes_per_event']:,}",
                f"{sum(sizes):,.0f}",
                str(each.details["api_peak_mib"]),
                f"{each.events:,}",
            ]
        )
    head = ["", "events/s", "of plain", "CPU, µs", "WAL bytes", "stored bytes", "API MiB", "deliveries"]
    return Table("One factor at a time, end to end; CPU and bytes are per event", head, rows)


def main() -> int:
    """Measure what has no result yet; exit 3 when a figure is void."""
    given = _flags()
    given.out.mkdir(parents=True, exist_ok=True)
    results = given.out / "scale.jsonl"
    known = set() if given.fresh else {(each.factor, each.variant) for each in read(results)}
    todo = [
        (factor, variant, measure)
        for factor, variant, measure in measures(given)
        if (factor, variant) not in known and (not given.factors or factor in given.factors)
    ]
    with arena(given.dir) as running, results.open("ab", buffering=0) as file:
        for factor, variant, measure in todo:
            print(f"{factor}: {variant} …", file=sys.stderr, flush=True)
            stamp = {"commit": commit(), "date": datetime.now(UTC).isoformat(timespec="seconds")}
            found = msgspec.structs.replace(measure(running), **stamp)
            file.write(msgspec.json.encode(found) + b"\n")
    all_found = read(results)
    (given.out / "scale.md").write_text(markdown_table(table(all_found)), encoding="utf-8")
    show_table(table(all_found))
    return 3 if any(each.faults for each in all_found) else 0


def _flags() -> argparse.Namespace:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    factors = [*LOADS, *PROCESSES, "snapshot", "big"]
    flags.add_argument("--factors", nargs="+", choices=factors, metavar="FACTOR", help=", ".join(factors))
    flags.add_argument("--events", type=int, default=1_000_000)
    flags.add_argument("--workers", type=int, default=2)
    flags.add_argument("--bound", type=int, default=100_000, help="publishers wait beyond so many pending")
    flags.add_argument("--snapshot-minutes", type=float, default=10.0)
    flags.add_argument("--big", action="store_true", help="the large log, too")
    flags.add_argument("--big-events", type=int, default=BIG_EVENTS)
    flags.add_argument("--fresh", action="store_true", help="measure also what has a result already")
    flags.add_argument("--dir", type=Path, help="where the database lies; default: with temporary files")
    flags.add_argument("--out", type=Path, default=Path("bench-results"), help="default bench-results")
    return flags.parse_args()


if __name__ == "__main__":
    prepare()
    sys.exit(main())
