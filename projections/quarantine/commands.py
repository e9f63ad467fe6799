"""`eventlog quarantine retry`: the command beside `list` that has to know the projections."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, print_json, say
from projections.quarantine.http_commands import app

if TYPE_CHECKING:
    from eventlog.settings import Settings
    from projections.quarantine.retry import Quarantined, Retried, Selection


@app.command("retry")
def retry(
    deliveries: Annotated[
        list[str] | None, typer.Argument(metavar="PARTITION:POSITION", help="Deliveries, such as 3:1042.")
    ] = None,
    projection: Annotated[str | None, typer.Option(help="Only of this projection.")] = None,
    cause: Annotated[str | None, typer.Option(help="All whose cause contains this text.")] = None,
    sqlstate: Annotated[str | None, typer.Option(help="All with this code, 22007 for one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All there is.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Play deliveries again that could not be projected, after a fix; exit 1 if any still cannot.

    All deliveries of an event are played, in log order, so the first that can be digested is the event.
    What fails again is as it was. Runs beside live traffic.
    """
    from eventlog.sessions.database import connect
    from projections.operating_commands import opened
    from projections.quarantine.retry import Selection, select

    selection = Selection(_places(deliveries), projection, sqlstate, cause)
    if selection == Selection() and not everything:
        raise typer.BadParameter("name deliveries, or choose by --projection, --cause, --sqlstate or --all")
    with opened() as (dsn, settings):
        with connect(dsn, "reader", "list") as connection:
            chosen = select(connection, selection)
        _refuse_unknown(selection, chosen)
        if chosen and not deliveries:
            _ask(chosen, yes)
        results = _retry(dsn, settings, chosen)
    _print(results, as_json)
    if any(each.cause is not None for each in results):
        raise typer.Exit(exits.FAILED)


def _places(deliveries: Sequence[str] | None) -> list[tuple[int, int]] | None:
    if not deliveries:
        return None
    places = []
    for delivery in deliveries:
        partition, _, position = delivery.partition(":")
        if not (partition.isdecimal() and position.isdecimal()):
            raise typer.BadParameter(f"{delivery!r} is no partition:position, such as 3:1042")
        if int(partition) >= 1 << 15 or int(position) >= 1 << 63:
            raise typer.BadParameter(f"there is no {delivery}")
        places.append((int(partition), int(position)))
    return places


def _refuse_unknown(selection: "Selection", chosen: "Sequence[Quarantined]") -> None:
    from projections.quarantine.retry import NotQuarantined

    found = {(each.partition, each.position) for each in chosen}
    for partition, position in selection.deliveries or ():
        if (partition, position) not in found:
            raise NotQuarantined(f"{partition}:{position}")


def _ask(chosen: "Sequence[Quarantined]", yes: bool) -> None:
    if not yes:
        names = ", ".join(sorted({each.projection for each in chosen}))
        typer.confirm(
            f"{len(chosen):,} deliveries of {len({each.event for each in chosen}):,} events are played again"
            f" in {names}. Go on?",
            abort=True,
            err=True,
        )


def _retry(dsn: str, settings: "Settings", chosen: "Sequence[Quarantined]") -> "list[Retried]":
    """Retry projection by projection; what is refused stays where it is, for the reason that is given."""
    from projections.errors import OperationRefused, ProjectionOutdated, ProjectionUnknown
    from projections.operating_commands import known_projections, shown_progress
    from projections.quarantine.retry import RetryImpossible
    from projections.quarantine.retry import retry as retried

    results: list[Retried] = []
    known = {each.name: each for each in known_projections(settings)}
    for name in sorted({each.projection for each in chosen}):
        of_it = [each for each in chosen if each.projection == name]
        try:
            if name not in known:
                raise ProjectionUnknown(name)
            with shown_progress(f"retry {name}") as watch:
                results += retried(dsn, known[name], of_it, watch=watch)
        except (OperationRefused, ProjectionOutdated, ProjectionUnknown, RetryImpossible) as error:
            results += [each.kept(str(error)) for each in of_it]
    return results


def _print(results: "Sequence[Retried]", as_json: bool) -> None:
    if as_json:
        print_json(results)
        return
    if not results:
        say("nothing was retried")
    for each in results:
        why = "" if each.cause is None else f": {harmless(each.cause)}"
        typer.echo(f"{each.delivery} {each.projection}: {each.outcome}{why}")
