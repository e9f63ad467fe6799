"""The commands of those who send events: `simulate` and `ship`. Heavy imports wait until one is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits

if TYPE_CHECKING:
    from publisher.ship.report import ShipReport
    from publisher.ship.shipping import Shipping
    from publisher.simulation.simulate import Report

URL = Annotated[str | None, typer.Option(help="The API; EVENTLOG_URL or http://127.0.0.1:8080 by default.")]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Make a Ctrl-C exit code 130; what had to be kept was kept while unwinding."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(exits.INTERRUPTED) from None


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
    stage: Annotated[
        list[str] | None,
        typer.Option(
            help="DURATION:RATE, such as 30s:50: from the rate before, 0 at first, evenly to this one. "
            "Several make a ramp up, a plateau, a ramp down; they say how many events there are."
        ),
    ] = None,
    p95_max: Annotated[
        str | None,
        typer.Option(help="The most that 95 % of the requests may take, such as 100ms; else exit 3."),
    ] = None,
    errors_max: Annotated[
        str | None,
        typer.Option(help="The largest share of requests that may fail, such as 1%; else exit 3."),
    ] = None,
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

    from eventlog.errors import SettingsError
    from eventlog.settings import load_settings
    from eventlog.tls.access import access_of
    from publisher.simulation.simulate import SendOptions, simulate
    from publisher.simulation.stages import events_of, parse_duration, parse_share, parse_stage
    from publisher.simulation.workload import Workload, fresh_seed

    stages = tuple(parse_stage(text) for text in stage or ())
    if stages and rate:
        raise SettingsError("--stage and --rate both say how fast: leave one out")
    workload = Workload(
        events=events_of(stages) if stages else events,
        duplicates=duplicates,
        topics=topics,
        seed=fresh_seed() if seed is None else seed,
    )
    load = SendOptions(
        batch=batch,
        concurrency=concurrency,
        rate=rate,
        check=check,
        stages=stages,
        p95_seconds_max=None if p95_max is None else parse_duration("--p95-max", p95_max),
        errors_max=None if errors_max is None else parse_share("--errors-max", errors_max),
    )
    with _interruptible():
        settings = load_settings(url=url)
        report = uvloop.run(simulate(settings.url, workload, load, access=access_of(settings)))
    _print_simulation(report, as_json)
    _exit_by(report)


def _exit_by(report: "Report") -> None:
    """Raise what the run ends with, unless all is well."""
    if report.given_up is not None:
        raise report.given_up
    if not report.holds or not report.reached:
        raise typer.Exit(exits.DIFFERENCE)
    if report.rejected:
        raise typer.Exit(exits.FAILED)


def _print_simulation(report: "Report", as_json: bool) -> None:
    import sys

    from rich.console import Console

    from publisher.simulation.report import simulation_tables

    if as_json:
        sys.stdout.write(report.as_json().decode() + "\n")
        return
    console = Console()
    for part in simulation_tables(report):
        console.print(part)


# The flags of `ship`, apart from it so that the function stays readable.
Files = Annotated[list[str], typer.Argument(help="Files to ship; - is standard input; .gz, .bz2, .xz too.")]
Topic = Annotated[str | None, typer.Option(help="The topic; log.NAME.line from the file's name by default.")]
Source = Annotated[
    str | None, typer.Option(help="The source; the file's name by default. Part of each line's identity.")
]
Name = Annotated[
    str | None,
    typer.Option(help="Ship as if the file had this name: for one that was renamed, or standard input."),
]
BatchSize = Annotated[int, typer.Option(min=1, max=10_000, help="Events in a request, at most.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what is appended, also past rotation.")
]
Links = Annotated[bool, typer.Option("--links", help="Follow symbolic links; otherwise they are refused.")]
Copies = Annotated[
    str,
    typer.Option(
        help="Files with the content of a shipped one: skip them, ship them as files of their own, or auto: "
        "by their time stamps, and by when they were changed."
    ),
]
RotatedTo = Annotated[
    list[str] | None,
    typer.Option(help="Where rotation puts files (olddir), beside their folder and those below. Repeatable."),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Ship a last line that has no end yet, too; otherwise it waits.")
]
Timezone = Annotated[str, typer.Option(help="The zone of stamps that name none.")]
Format = Annotated[
    str,
    typer.Option(
        "--format", help="lines, ndjson, docker, cri, or auto: ndjson for .ndjson and .jsonl, else lines."
    ),
]
TopicField = Annotated[str | None, typer.Option(help="NDJSON: the field that is the topic (a.b).")]
TopicTemplate = Annotated[
    str | None, typer.Option(help="NDJSON: the topic with fields in it, as github.{event}.{body.action}.")
]
IdField = Annotated[
    str | None,
    typer.Option(help="NDJSON: the field that is the event_id; made of content and place where missing."),
]
TimeField = Annotated[
    str | None,
    typer.Option(help="NDJSON: the field that is the time; an error if the first lines have none."),
]
TimeFormatFlag = Annotated[
    str | None,
    typer.Option(
        "--time-format",
        help="What the time in a line looks like, as '%d/%m/%Y %H:%M:%S'; else it is recognised.",
    ),
]
SourceField = Annotated[str | None, typer.Option(help="NDJSON: the field that is the source.")]
PayloadField = Annotated[
    str | None, typer.Option(help="NDJSON: the field that is the payload; the whole object by default.")
]
StateDir = Annotated[
    str | None, typer.Option(help="Where positions are kept; ~/.local/state/eventlog/ship by default.")
]
Restart = Annotated[
    bool, typer.Option(help="Begin at the first line; what is in the log already is dropped as duplicate.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show what each file is recognised as and its first events; send nothing."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell of every file in the report, however many there are.")
]


def ship(
    files: Files,
    topic: Topic = None,
    source: Source = None,
    name: Name = None,
    url: URL = None,
    batch: BatchSize = 2000,
    follow: Follow = False,
    links: Links = False,
    copies: Copies = "auto",
    rotated_to: RotatedTo = None,
    partial: Partial = False,
    timezone: Timezone = "UTC",
    form: Format = "auto",
    topic_field: TopicField = None,
    topic_template: TopicTemplate = None,
    id_field: IdField = None,
    time_field: TimeField = None,
    time_format: TimeFormatFlag = None,
    source_field: SourceField = None,
    payload_field: PayloadField = None,
    state_dir: StateDir = None,
    restart: Restart = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Publish the lines of real files.

    Repeatable: the same line gets the same event_id, so shipping a
    file again, grown, rotated, compressed or copied elsewhere, adds nothing that is there already.
    """
    from pathlib import Path

    from eventlog.settings import load_settings
    from eventlog.tls.access import access_of
    from publisher.ship.flags import shipping_from_flags
    from publisher.ship.positions import Positions, default_state_dir
    from publisher.ship.run import run

    shipping = shipping_from_flags(
        form=form,
        timezone=timezone,
        topic=topic,
        topic_field=topic_field,
        topic_template=topic_template,
        source=source,
        name=name,
        batch=batch,
        follow=follow,
        links=links,
        copies=copies,
        rotated_to=tuple(rotated_to or ()),
        partial=partial,
        restart=restart,
        source_field=source_field,
        id_field=id_field,
        time_field=time_field,
        time_format=time_format,
        payload_field=payload_field,
    )
    if dry_run:
        raise typer.Exit(_dry_run(files, shipping))
    settings = load_settings(url=url)
    api = settings.url.rstrip("/")
    positions = Positions(Path(state_dir) if state_dir else default_state_dir(), shipping.way(api))
    with _interruptible():
        report = run(files, shipping, api, positions, access_of(settings))
    _print_shipping(report, as_json, verbose)
    if not report.complete:
        raise typer.Exit(exits.FAILED)
    if report.lost:
        raise typer.Exit(exits.DIFFERENCE)


def _dry_run(files: list[str], shipping: "Shipping") -> int:
    from publisher.ship.dry_run import dry_run

    status = 0
    for text, is_fault in dry_run(files, shipping):
        typer.echo(text, err=is_fault)
        status = exits.FAILED if is_fault else status
    return status


def _print_shipping(report: "ShipReport", as_json: bool, verbose: bool) -> None:
    import sys

    from rich.console import Console

    from publisher.ship.told import told_of

    if as_json:
        sys.stdout.write(report.as_json().decode() + "\n")
        return
    Console().print(told_of(report, verbose=verbose))
    if any(file.nothing_new for file in report.files):
        Console(stderr=True).print("what is shipped already was not sent again; --restart sends it all")


def demo(
    events: Annotated[int, typer.Option(min=1, max=5_000_000, help="Deliveries to publish.")] = 20_000,
    duplicates: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Share of them that repeats an earlier one.")
    ] = 0.3,
    keep: Annotated[bool, typer.Option(help="Keep the database, and say how to look at it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run the whole main job on a database of its own, kill a worker, and check every count.

    Needs nothing and leaves nothing behind. Exit code 0 only if every count is exact, else 3.
    """
    from functools import partial

    from rich.console import Console

    from publisher.demo.report import print_demo
    from publisher.demo.run import run_demo

    talk = Console(stderr=True)
    try:
        report = run_demo(
            events=events,
            duplicates=duplicates,
            keep=keep,
            say=partial(talk.print, markup=False, highlight=False),
        )
    except KeyboardInterrupt:
        talk.print("interrupted; nothing of the demo is left running")
        raise typer.Exit(exits.INTERRUPTED) from None
    print_demo(report, as_json)
    if not report.exact:
        raise typer.Exit(exits.DIFFERENCE)
