"""Lay out the simulator's report for people."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from publisher.simulation.simulate import Report


def simulation_tables(report: Report) -> Iterator[Table | Text]:
    """Yield what to print, in order: the run, the check, the verdict."""
    yield _run_table(report)
    if report.first_refusal:
        yield Text(f"first refusal: {report.first_refusal}", style="red")
    for target in report.targets:
        verdict, style = ("reached", "green") if target.met else ("missed", "bold red")
        yield Text(f"target {target.name} at most {target.most:g}: {target.got:.4g}, {verdict}", style=style)
    if not report.lines:
        return
    yield _check_table(report)
    yield _verdict(report)


def _run_table(report: Report) -> Table:
    table = Table("sent", "accepted", "rejected", "retries", "events/s", "p50 ms", "p95 ms", "p99 ms")
    for column in table.columns:
        column.justify = "right"
    latency = report.quantiles()
    table.add_row(
        *(f"{count:,}" for count in (report.sent, report.accepted, report.rejected, report.retries)),
        f"{report.rate:,.0f}",
        *(f"{latency[name]:.1f}" for name in ("p50", "p95", "p99")),
    )
    table.caption = f"{report.seconds:.2f} s; --seed {report.seed} sends the same bytes again"
    return table


def _check_table(report: Report) -> Table:
    table = Table("count", "expected", "got", "")
    table.columns[1].justify = table.columns[2].justify = "right"
    for line in report.lines:
        table.add_row(
            line.name,
            line.expected,
            f"{line.got:,}",
            Text("✓", style="green") if line.holds else Text("differs", style="bold red"),
        )
    return table


def _verdict(report: Report) -> Text:
    drained = f"projected {report.drained_seconds:.2f} s after the last answer"
    if not report.holds:
        return Text(f"The counts differ ({drained}). Was somebody else publishing?", style="bold red")
    if report.perhaps_stored:
        return Text(
            f"The counts hold, within bounds: {report.perhaps_stored:,} deliveries were in requests whose "
            f"outcome was unknown, and were sent again ({drained}).",
            style="green",
        )
    return Text(f"Every count is as expected ({drained}).", style="green")
