"""The commands of those who operate projections: `rebuild`, `verify`, `drop` and `projections list`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, print_json, say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from eventlog.settings import Settings
    from projections.operations import Progress
    from projections.projection import Projection
    from projections.state import ProjectionState, ProjectionStatus
    from projections.verify import Verified

app = typer.Typer(help="The projections: what there is, and how far it is.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The projection, `core` for one.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

CONTENT_CHARACTERS_MAX = 200


@app.callback()
def _projections() -> None:
    pass


def rebuild(
    name: Name,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Connections that fill, and catch up.")] = 2,
    throttle: Annotated[
        int | None, typer.Option(min=1, help="The most deliveries a second; slower, and gentler, in steps.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option(help="Drop the live version first: needs less disk, cannot be read meanwhile.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with another replay before the switch.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again also what was set aside for killing its process.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Play a projection again from the first delivery, beside the live one, and switch.

    Killed, it goes on where it was when it is started again; Ctrl-C removes what it has made.
    """
    from projections.rebuilding.rebuild import Options
    from projections.rebuilding.rebuild import rebuild as rebuilt

    if in_place:
        _ask(f"{name} is dropped first, and cannot be read until it is rebuilt.", yes)
    with opened() as (dsn, settings), _interruptible() as cancelled:
        projection = _projection(settings, name)
        options = Options(workers, settings.batch_size, throttle, in_place, verify, retry)
        with _differences(), shown_progress(f"rebuild {name}") as watch:
            outcome = rebuilt(dsn, projection, options, cancelled=cancelled, watch=watch)
    if as_json:
        print_json(outcome)
        return
    rate = outcome.deliveries / max(outcome.seconds, 1e-9)
    typer.echo(
        f"{name}: version {outcome.version} is live; {outcome.deliveries:,} deliveries"
        f" in {outcome.seconds:.1f} s ({rate:,.0f}/s)"
    )
    _say_kept(outcome.kept)


def _say_kept(schemas: list[str]) -> None:
    for schema in schemas:
        say(f"{schema} is still read by somebody: the next rebuild or start removes it")


def verify(
    name: Annotated[str | None, typer.Argument(help="One projection; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Prove that a projection equals a replay of the log; exit 3 and the first differing rows if not.

    Runs beside live traffic and holds nobody up; needs room for a temporary copy.
    """
    from projections.verify import verify as verified

    found = []
    with opened() as (dsn, settings), _interruptible() as cancelled:
        known = known_projections(settings)
        chosen, unknown = ([_projection(settings, name)], []) if name else live_ones(dsn, known)
        for projection in chosen:
            with shown_progress(f"verify {projection.name}") as watch:
                found.append(verified(dsn, projection, cancelled=cancelled, watch=watch))
    if as_json:
        print_json(found)
    else:
        for each in found:
            _print_verified(each)
    if any(each.differing for each in found):
        raise typer.Exit(exits.DIFFERENCE)
    if unknown:
        say(f"not verified, since EVENTLOG_PROJECTIONS does not name their code: {', '.join(unknown)}")
        raise typer.Exit(exits.FAILED)


def drop(name: Name, yes: Yes = False) -> None:
    """Drop a projection's tables and checkpoints; the log keeps all, and `rebuild` brings it back."""
    from projections.drop import drop as dropped
    from projections.errors import ProjectionUnknown

    with opened() as (dsn, _):
        if name not in {state.name for state in _states(dsn)}:
            raise ProjectionUnknown(name)
        _ask(f"The tables of {name} are dropped; reading it answers 503 until it is rebuilt.", yes)
        with _interruptible() as cancelled, shown_progress(f"drop {name}") as watch:
            done = dropped(dsn, name, cancelled, watch)
    back = f"{name} is dropped; `eventlog rebuild {name}` brings it back"
    say(back if done.was_live else f"{name} was dropped")
    _say_kept(done.kept)


@app.command("list")
def list_projections(as_json: Json = False) -> None:
    """Show each projection: what is live, how far it is, and what is done to it."""
    from projections.state import shown

    with opened() as (dsn, settings):
        known = known_projections(settings)
        rows = [shown(state, known) for state in _states(dsn)]
    if as_json:
        print_json(rows)
    else:
        _print_states(rows)


def _print_states(rows: "list[ProjectionStatus]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for title, justify in (("projection", "left"), ("state", "left"), ("version", "right")):
        table.add_column(title, justify="right" if justify == "right" else "left")
    for title in ("checkpoint", "head", "lag", "quarantined"):
        table.add_column(title, justify="right")
    for row in rows:
        dropped = row.version is None
        table.add_row(
            row.name,
            row.state if row.fits else f"{row.state}, outdated: rebuild it",
            "" if dropped else str(row.version),
            "" if dropped else f"{sum(place.checkpoint or 0 for place in row.partitions):,}",
            f"{sum(place.head for place in row.partitions):,}",
            "" if dropped else f"{row.lag_deliveries or 0:,}",
            f"{row.quarantined:,}",
        )
    Console().print(table)
    for row in rows:
        if row.failure is not None:
            say(f"{row.name} fails and is tried again: {harmless(row.failure)}")


def _print_verified(found: "Verified") -> None:
    if not found.differing:
        typer.echo(
            f"{found.projection}: version {found.version} equals a replay of {found.deliveries:,} deliveries"
        )
        return
    typer.echo(f"{found.projection}: version {found.version} differs from a replay in")
    for place in found.differing:
        typer.echo(f"  {place}")
    for row in found.differences:
        delivery = f"{row.partition}:{row.position}" if row.position is not None else f"{row.partition}"
        only = f"only in the {row.side}"
        typer.echo(f"  {row.relation} {delivery} {only}: {harmless(row.content)[:CONTENT_CHARACTERS_MAX]}")


def live_ones(dsn: str, projections: "list[Projection]") -> "tuple[list[Projection], list[str]]":
    """Return those that are live, and the names of those whose code is not known; say what is dropped."""
    states = _states(dsn)
    live = {state.name for state in states if state.version is not None}
    for state in states:
        if state.version is None:
            say(f"{state.name} is dropped: nothing to verify; `eventlog rebuild {state.name}` brings it back")
    known = [projection for projection in projections if projection.name in live]
    return known, sorted(live - {projection.name for projection in known})


def _states(dsn: str) -> "list[ProjectionState]":
    from psycopg.rows import class_row

    from eventlog.sessions.database import connect, translated_errors
    from projections.state import SHOW_STATES, ProjectionState

    with connect(dsn, "reader", "list") as connection, translated_errors():
        cursor = connection.cursor(row_factory=class_row(ProjectionState))
        return cursor.execute(SHOW_STATES, {"name": None}).fetchall()


def known_projections(settings: "Settings") -> "list[Projection]":
    """Return what this process can play; say what is wrong with others."""
    from projections.custom.discovery import discover

    discovered = discover(settings.projections)
    for fault in discovered.faults:
        say(fault)
    return list(discovered.projections)


def _projection(settings: "Settings", name: str) -> "Projection":
    from projections.errors import ProjectionUnknown

    for projection in known_projections(settings):
        if projection.name == name:
            return projection
    raise ProjectionUnknown(name)


@contextmanager
def opened() -> "Iterator[tuple[str, Settings]]":
    """Yield the database's DSN and the settings. Raises SchemaMismatch where the schema does not fit."""
    from eventlog.logs import configure_logs
    from eventlog.schema.migrate import schema_state
    from eventlog.sessions.database import connect, translated_errors
    from eventlog.sessions.open_database import opened_database
    from eventlog.settings import load_settings

    settings = load_settings()
    configure_logs("error")
    with opened_database(settings, say, make=False) as dsn:
        with connect(dsn, "owner", "look") as owner, translated_errors():
            schema_state(owner)
        yield dsn, settings


@contextmanager
def shown_progress(what: str) -> "Iterator[Callable[[Progress], None]]":
    """Yield what to call with each progress of an operation."""
    from eventlog.terminal.progress import Meter

    with Meter(what, None, "deliveries") as meter:
        yield lambda progress: meter.show(progress.done, progress.total, progress.phase)


@contextmanager
def _interruptible() -> "Iterator[threading.Event]":
    """Yield what Ctrl-C and SIGTERM set; exit 130 where that ended an operation."""
    import signal
    import threading

    from projections.errors import OperationCancelled

    cancelled = threading.Event()

    def cancel(number: int, frame: object) -> None:
        say("cancelling")
        cancelled.set()

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancelled
    except OperationCancelled:
        raise typer.Exit(exits.INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _differences() -> Iterator[None]:
    """Exit 3 where a rebuilt version is not what it should be."""
    from projections.errors import ProjectionDiffers

    try:
        yield
    except ProjectionDiffers as error:
        say(f"eventlog: {error}; the live version stays")
        raise typer.Exit(exits.DIFFERENCE) from None


def _ask(what: str, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{what} Go on?", abort=True, err=True)
