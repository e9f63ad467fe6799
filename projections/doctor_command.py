"""`eventlog doctor`: what is wrong here and how to mend it."""

from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits

if TYPE_CHECKING:
    from rich.table import Table

    from projections.doctor import Examination

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is wrong here and how to mend it; works with only some of it running.

    Exit code 0: all is well, or there are only warnings; 1: a check failed; 4: no database.
    """
    from eventlog.settings import load_settings
    from projections.doctor import examine

    examination = examine(load_settings())
    _print(examination, as_json)
    if not examination.reachable:
        raise typer.Exit(exits.UNREACHABLE)
    if not examination.sound:
        raise typer.Exit(exits.FAILED)


def _print(examination: "Examination", as_json: bool) -> None:
    if as_json:
        import msgspec

        document = {
            "sound": examination.sound,
            "reachable": examination.reachable,
            "findings": examination.findings,
        }
        typer.echo(msgspec.json.encode(document).decode())
        return
    from rich.console import Console

    console = Console()
    console.print(_table(examination))
    counts = {status: sum(f.status == status for f in examination.findings) for status in MARKS}
    console.print(f"{counts['ok']} ok, {counts['warning']} warnings, {counts['failed']} failed")


def _table(examination: "Examination") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in examination.findings:
        sign, colour = MARKS[finding.status]
        table.add_row(Text(sign, style=colour), finding.name, Text(finding.found))
        if finding.mend:
            table.add_row("", "", Text(f"→ {finding.mend}", style=colour))
    return table
