"""The commands of those who look after deliveries that could not be projected: `quarantine list`.

`retry` needs to know the projections, so the package that does adds it (projections/quarantine/commands.py).
"""

from typing import Annotated, Any

import typer

from eventlog.terminal.printing import harmless, print_json, say
from projections.reading_commands import URL

app = typer.Typer(help="Deliveries that a projection could not digest.", no_args_is_help=True)


@app.callback()
def _quarantine() -> None:
    pass


@app.command("list")
def list_causes(
    topic: Annotated[str | None, typer.Option(help="Only deliveries of this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The most causes.")] = 100,
    url: URL = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what GET /quarantine answers.")] = False,
) -> None:
    """Show what is set aside, by cause, and the latest deliveries of each.

    Nothing of it is lost: once what was wrong is mended, `quarantine retry` plays it again, and a changed
    projection tries all of it when it is rebuilt.
    """
    import msgspec

    from eventlog.terminal.client import ask

    body = ask(url, "/quarantine", topic=topic, limit=limit)
    if as_json:
        print_json(msgspec.Raw(body))
        return
    causes: list[dict[str, Any]] = msgspec.json.decode(body)
    if not causes:
        say("nothing is in quarantine")
        return
    for cause in causes:
        _print_cause(cause)


def _print_cause(cause: dict[str, Any]) -> None:
    typer.echo(
        f"{cause['deliveries']:,} × {cause['projection']}: {harmless(cause['cause'])} ({cause['sqlstate']})"
    )
    typer.echo(
        f"    from {cause['first_at']} to {cause['last_at']}; the latest: {', '.join(cause['latest'])}"
    )
