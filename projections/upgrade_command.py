"""`eventlog db upgrade`: the embedded data to a newer PostgreSQL, proven by a replay before they are used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import say

if TYPE_CHECKING:
    from eventlog.settings import Settings


def upgrade(
    old_bindir: Annotated[
        Path | None,
        typer.Option(help="The folder with the programs of the data's version, where it is not found."),
    ] = None,
) -> None:
    """Move the embedded data to the PostgreSQL that is installed now; eventlog must be stopped.

    Both are compared row by row, the projections verified, and the old data kept. Killed at any point,
    these are what they were.
    """
    from eventlog.embedded.upgrade import upgrade as upgraded
    from eventlog.errors import SettingsError
    from eventlog.settings import load_settings
    from eventlog.terminal.progress import Meter, amount

    settings = load_settings()
    if settings.dsn is not None:
        raise SettingsError("EVENTLOG_DSN is set, and this is for the embedded database: unset it")
    try:
        with Meter("upgrade", None, "bytes") as meter:
            done = upgraded(
                settings.data_dir,
                bindir=settings.pg_bindir,
                old_bindir=old_bindir,
                check=lambda dsn: _prove(dsn, settings),
                say=say,
                watch=meter.show,
            )
    except KeyboardInterrupt:
        say("interrupted: the old data are as they were")
        raise typer.Exit(exits.INTERRUPTED) from None
    if done is None:
        say("the data are of the version that is installed")
        return
    typer.echo(f"moved {amount(done.bytes_moved, 'bytes')} from PostgreSQL {done.old} to {done.new}")
    say(f"the old data are kept in {done.kept}: remove them once you are satisfied")
    say(f"to go back, put them in the place of {settings.data_dir / 'cluster'} and set EVENTLOG_PG_BINDIR")


def _prove(dsn: str, settings: "Settings") -> None:
    """Bring the schema up to date, and verify what is live of our projections; raises ProjectionDiffers."""
    from projections.errors import ProjectionDiffers
    from projections.install import outdated, set_up
    from projections.operating_commands import known_projections, live_ones, shown_progress
    from projections.verify import verify

    for line in set_up(dsn, settings.partitions_wanted):
        say(f"applied {line}")
    stale = outdated(dsn)
    chosen, unknown = live_ones(dsn, known_projections(settings))
    for projection in chosen:
        if projection.name in stale:
            say(f"{projection.name} is not verified: other code made it, and the start plays it anew")
            continue
        with shown_progress(f"verify {projection.name}") as watch:
            found = verify(dsn, projection, watch=watch)
        if found.differing:
            raise ProjectionDiffers(projection.name, found.differing)
        say(f"{projection.name} equals a replay of {found.deliveries:,} deliveries")
    if unknown:
        say(f"not verified, since EVENTLOG_PROJECTIONS does not name their code: {', '.join(unknown)}")
