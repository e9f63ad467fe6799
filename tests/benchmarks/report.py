"""The ladder for people: the same tables in a terminal and in Markdown."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.benchmarks.figures import Ladder, Rung

# Whose CPU and disk is told in full.
MAIN = ("raw_copy", "http_100_by_32", "http_1_by_64", "end_to_end_1000", "end_to_end_100", "end_to_end_1")
SPREAD = ("p50", "p90", "p99", "max")


class Table(NamedTuple):
    """A table: the first column is text, all others are figures."""

    title: str
    head: list[str]
    rows: list[list[str]]


def tables(ladder: Ladder) -> list[Table]:
    """Return all tables that have rows."""
    found = [
        _rates(ladder.rungs),
        _times("Queries", "ms", ladder.rungs, "query_", lambda rung: rung.details),
        _times(
            "Publish to query, open loop from the intended moment", "ms", ladder.rungs, "latency_", _found_ms
        ),
        _cpu(ladder.rungs),
        _stored(ladder.rungs),
        _overload(ladder.rungs),
        _void(ladder.rungs),
    ]
    return [table for table in found if table.rows]


def _found_ms(rung: Rung) -> dict[str, float]:
    found: dict[str, float] = rung.details["found_ms"]
    return found


def _rates(rungs: Sequence[Rung]) -> Table:
    rows = [
        [
            rung.what,
            _number(rung.median),
            rung.unit,
            _percent(rung.of_above_percent),
            _percent(rung.of_raw_copy_percent),
        ]
        for rung in rungs
        if rung.unit != "ms"
    ]
    return Table("The ladder", ["step", "median", "", "of the one above", "of raw COPY"], rows)


def _times(
    title: str, unit: str, rungs: Sequence[Rung], prefix: str, spread: Callable[[Rung], dict[str, float]]
) -> Table:
    rows = [
        [rung.what.removesuffix(": median").removesuffix(", median")]
        + [_number(spread(rung).get(name)) if rung.median is not None else "void" for name in SPREAD]
        for rung in rungs
        if rung.name.startswith(prefix)
    ]
    return Table(title, [unit, *SPREAD], rows)


def _cpu(rungs: Sequence[Rung]) -> Table:
    """Make a column of each main figure, a row of each process or thread."""
    chosen = [rung for rung in rungs if rung.name in MAIN and rung.cpu]
    who = sorted({name for rung in chosen for name in rung.cpu})
    rows = [[name, *(_number(rung.cpu.get(name)) for rung in chosen)] for name in who]
    if chosen:
        rows.append(["in all", *(_number(sum(rung.cpu.values())) for rung in chosen)])
    return Table("CPU, µs an event", ["", *(rung.name for rung in chosen)], rows)


def _stored(rungs: Sequence[Rung]) -> Table:
    """Tell what each main figure took: WAL, disk, memory, dead rows."""
    chosen = [
        rung for rung in rungs if "wal_bytes_per_event" in rung.details and "api_peak_mib" in rung.details
    ]
    parts = sorted({name for rung in chosen for name in rung.details.get("bytes_per_event", {})})
    rows = [["WAL, bytes an event", *(_number(rung.details["wal_bytes_per_event"]) for rung in chosen)]]
    rows += [
        [f"{part}, bytes an event"]
        + [_number(rung.details.get("bytes_per_event", {}).get(part)) for rung in chosen]
        for part in parts
    ]
    rows.append(["API's peak memory, MiB", *(_number(rung.details["api_peak_mib"]) for rung in chosen)])
    rows.append(
        [
            "PostgreSQL's own memory, without its buffers, MiB",
            *(_number(rung.details.get("postgres_private_mib")) for rung in chosen),
        ]
    )
    rows.append(
        [
            "dead rows at the end",
            *(_number(sum(rung.details.get("dead_rows", {}).values())) for rung in chosen),
        ]
    )
    return Table("Disk and memory", ["", *(rung.name for rung in chosen)], rows if chosen else [])


def _overload(rungs: Sequence[Rung]) -> Table:
    chosen = [rung for rung in rungs if rung.name.startswith("overload_")]
    names = chosen[0].details if chosen else {}
    rows = [[name.replace("_", " "), *(str(rung.details[name]) for rung in chosen)] for name in names]
    return Table("Overload", ["", *(rung.name for rung in chosen)], rows)


def _void(rungs: Sequence[Rung]) -> Table:
    rows = [[rung.name, fault] for rung in rungs for fault in dict.fromkeys(rung.faults)]
    return Table("Void, because the books or the recount are not exact", ["figure", "fault"], rows)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 100 else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def surroundings(ladder: Ladder) -> str:
    """Say in lines what the figures depend on."""
    around = ladder.surroundings
    postgres = ", ".join(f"{name} {value}" for name, value in around["postgres"].items())
    packages = ", ".join(f"{name} {version}" for name, version in around["packages"].items())
    sizes = ladder.sizes
    return "\n".join(
        [
            f"{around['date']}, commit {around['commit']} ({around['changed_files']} files changed), "
            f"{ladder.minutes} minutes",
            f"{around['cores']} cores ({around['cpu']}), {around['memory_gib']} GiB, "
            f"{around['file_system']}, Linux {around['kernel']}, "
            f"load {around['load_average_at_start']} at the start",
            f"Python {around['python']}, {packages}",
            f"PostgreSQL as it says itself: {postgres}",
            f"events of {ladder.event_bytes} bytes, 30 % duplicates, 10 topics, "
            f"{around['partitions']} partitions, {sizes.workers} workers; "
            f"{sizes.events:,} events a step ({sizes.singles:,} one by one), "
            f"medians of {sizes.rounds} interleaved rounds; pending bounded to {sizes.bound:,}",
        ]
    )


def markdown(ladder: Ladder) -> str:
    """Return the whole report as Markdown."""
    around = "\n".join(f"- {line}" for line in surroundings(ladder).splitlines())
    parts = [f"## {table.title}\n\n{markdown_table(table)}" for table in tables(ladder)]
    return "\n".join(["# Benchmark ladder\n", *parts, "## Measured on\n", around, ""])


def markdown_table(table: Table) -> str:
    """Return a table's lines, its title left out."""
    align = "|".join(["---", *["--:"] * (len(table.head) - 1)])
    lines = [f"| {' | '.join(cells)} |" for cells in (table.head, *table.rows)]
    return "\n".join([lines[0], f"|{align}|", *lines[1:], ""])


def show(ladder: Ladder) -> None:
    """Print the whole report to the terminal."""
    for table in tables(ladder):
        show_table(table)
    print(surroundings(ladder))


def show_table(table: Table) -> None:
    """Print a table to the terminal."""
    from rich.console import Console
    from rich.table import Table as Shown

    shown = Shown(title=table.title, title_justify="left", title_style="bold")
    for number, name in enumerate(table.head):
        shown.add_column(name, justify="right" if number else "left")
    for row in table.rows:
        shown.add_row(*row)
    Console().print(shown)
