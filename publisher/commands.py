"""The commands of those who send events: `simulate` and `ship`. Heavy imports wait until one is called."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from publisher.simulate import Report

URL = Annotated[str | None, typer.Option(help="The API; EVENTLOG_URL or http://127.0.0.1:8080 by default.")]


def simulate(
    events: Annotated[int, typer.Option(min=1, help="Deliveries to send, repeats included.")] = 20_000,
    duplicates: Annotated[
        float,
        typer.Option(min=0.0, max=0.99, help="Share of the deliveries that repeat an earlier one, exactly."),
    ] = 0.3,
    topics: Annotated[int, typer.Option(min=1, max=10_000, help="How many topics.")] = 10,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Deliveries in a request.")] = 100,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Requests under way at once.")] = 8,
    rate: Annotated[float, typer.Option(min=0.0, help="Events per second; 0 is as fast as it goes.")] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The same seed sends the same bytes, so a second run of it adds nothing but duplicates. "
            "By default every run has a seed of its own, which the report names.",
        ),
    ] = None,
    url: URL = None,
    check: Annotated[
        bool,
        typer.Option(help="Wait for the projection and compare the server's counts; exit 3 if they differ."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Send a simulated load, then hold the server's counts against our own."""
    import uvloop

    from eventlog.settings import load_settings
    from publisher.simulate import Load, simulate
    from publisher.workload import Workload, fresh_seed

    workload = Workload(
        events=events,
        duplicates=duplicates,
        topics=topics,
        seed=fresh_seed() if seed is None else seed,
    )
    load = Load(batch=batch, concurrency=concurrency, rate=rate, check=check)
    report = uvloop.run(simulate(load_settings(url=url).url, workload, load))
    _print_simulation(report, as_json)
    if report.given_up is not None:
        raise report.given_up
    if not report.holds:
        raise typer.Exit(3)
    if report.rejected:
        raise typer.Exit(1)


def _print_simulation(report: "Report", as_json: bool) -> None:
    import sys

    from rich.console import Console

    from publisher.simulation_report import simulation_tables

    if as_json:
        sys.stdout.write(report.as_json().decode() + "\n")
        return
    console = Console()
    for part in simulation_tables(report):
        console.print(part)
