"""`eventlog acts`: who changed what others see."""

from typing import Annotated

import typer

from eventlog.terminal.printing import harmless, print_json, say


def acts(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only those before this number.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show who made and changed keys, and who rebuilt, verified, dropped or retried what."""
    from eventlog.acts.reading import latest
    from eventlog.sessions.open_database import opened_database
    from eventlog.settings import load_settings

    with opened_database(load_settings(), say, make=False) as dsn:
        found = latest(dsn, most, before)
    if as_json:
        print_json(found)
        return
    if not found:
        say("nobody has done anything yet")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("number", "when", "act", "of", "by", "login", box=None)
    for act in found:
        who = harmless(act.who)
        table.add_row(
            str(act.number),
            f"{act.acted_at:%Y-%m-%d %H:%M:%S}",
            act.act,
            harmless(act.subject),
            who,
            act.login,
        )
    Console(markup=False, highlight=False).print(table)
