"""Lay out the demo's report for people."""

import sys
from collections.abc import Iterator
from shlex import quote

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from publisher.demo.checks import Count
from publisher.demo.run import DemoReport

HOLDS = Text("✓", style="green")
DIFFERS = Text("✗", style="bold red")


def demo_report(report: DemoReport) -> Iterator[Table | Text]:
    """Yield what to print, in order: what was done, the counts, the facts, the verdict."""
    share = f"{report.duplicates / report.events:.0%}"
    yield Text(
        f"\n{report.events:,} deliveries, {report.duplicates:,} of them ({share}) sent before", style="bold"
    )
    yield _course(report)
    yield Text()
    yield _counts(report.counts)
    yield Text()
    yield _facts(report)
    yield Text()
    yield _verdict(report)
    if report.kept_in is not None:
        yield from _how_to_look(report.kept_in)


def _course(report: DemoReport) -> Table:
    """What happened, in order."""
    table = Table(box=None, show_header=False, pad_edge=False)
    latency = report.latency_ms
    kill = report.kill
    rows = (
        (
            "started",
            f"PostgreSQL {report.postgres}, the API and {report.workers} workers",
            f"{report.started_seconds:.2f} s",
        ),
        (
            "published",
            f"{report.published_rate:,.0f} deliveries/s, each durable before its answer;\n"
            f"batches of 100 took {latency['p50']:.0f} ms (p50), {latency['p99']:.0f} ms (p99)",
            f"{report.published_seconds:.2f} s",
        ),
        (
            "killed",
            f"{kill.worker}, by kill -9, {kill.acknowledged:,} acknowledged and {kill.pending:,} not\n"
            f"yet projected; {kill.successor} took its place",
            "",
        ),
        (
            "projected",
            f"{report.projected_rate:,.0f} deliveries/s from first publish to last\n"
            f"projection, {report.projected_seconds:.2f} s after the last answer",
            f"{report.published_seconds + report.projected_seconds:.2f} s",
        ),
        (
            "rebuilt",
            "the projection, from the first delivery on, and switched;\n"
            f"verified against one more replay in {report.verified_seconds:.2f} s",
            f"{report.rebuilt_seconds:.2f} s",
        ),
    )
    table.add_column(style="cyan")
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _counts(counts: list[Count]) -> Table:
    table = Table("count", "sent", "GET /stats", "", "SQL recount", "", box=None, pad_edge=False)
    for index in (1, 2, 4):
        table.columns[index].justify = "right"
    for count in counts:
        recounted = count.recounted
        table.add_row(
            count.name,
            f"{count.sent:,}",
            f"{count.stats:,}",
            _mark(count.stats == count.sent),
            "" if recounted is None else f"{recounted:,}",
            "" if recounted is None else _mark(recounted == count.sent),
        )
    return table


def _facts(report: DemoReport) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for fact in report.facts:
        right = f"{max(0, fact.looked_at - fact.wrong):,} of {fact.looked_at:,}"
        wrong = "" if fact.exact else f"{fact.wrong:,} wrong"
        table.add_row(_mark(fact.exact), right, Text.assemble(fact.name, " ", (wrong, "bold red")))
    return table


def _verdict(report: DemoReport) -> Text:
    if report.exact:
        return Text(f"Every count is exact. {report.seconds:.1f} s in all.", style="bold green")
    return Text(
        f"Not every count is exact: see the ✗ above. {report.seconds:.1f} s in all.", style="bold red"
    )


def _how_to_look(directory: str) -> Iterator[Text]:
    yield Text(f"\nThe database stays in {directory}. To look at it:")
    yield Text(f"  export EVENTLOG_DATA_DIR={quote(directory)}")
    yield Text('  eventlog db start && psql "$(eventlog db url)"   # or: eventlog up')
    yield Text(f"  eventlog db stop && rm -r {quote(directory)}             # when you are done")


def _mark(holds: bool) -> Text:
    return HOLDS if holds else DIFFERS


def print_demo(report: DemoReport, as_json: bool) -> None:
    """Print the report on stdout."""
    if as_json:
        sys.stdout.write(
            msgspec.json.encode({"exact": report.exact, **msgspec.structs.asdict(report)}).decode() + "\n"
        )
        return
    console = Console()
    for part in demo_report(report):
        console.print(part)
