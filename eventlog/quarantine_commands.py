"""The commands of those who look after deliveries that could not be projected: `quarantine list`.

`retry` needs to know the projections, so the package that does adds it (projections/quarantine_commands.py).
"""

import sys
from typing import Annotated, Any

import typer

app = typer.Typer(help="Deliveries that a projection could not digest.", no_args_is_help=True)


@app.callback()
def _quarantine() -> None:
    pass


@app.command("list")
def list_causes(
    topic: Annotated[str | None, typer.Option(help="Only deliveries of this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The most causes.")] = 100,
    url: Annotated[
        str | None, typer.Option(help="The API; EVENTLOG_URL or http://127.0.0.1:8080 by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what GET /quarantine answers.")] = False,
) -> None:
    """Show what is set aside, by cause, and the latest deliveries of each.

    Nothing of it is lost: once what was wrong is mended, `quarantine retry` plays it again, and a changed
    projection tries all of it when it is rebuilt.
    """
    import asyncio

    import msgspec

    from eventlog.reading_client import ReadingClient
    from eventlog.reading_commands import harmless
    from eventlog.settings import load_settings

    async def ask() -> bytes:
        async with ReadingClient(load_settings(url=url).url) as client:
            return (await client.get("/quarantine", topic=topic, limit=limit)).body

    body = asyncio.run(ask())
    if as_json:
        lines = msgspec.json.format(body, indent=2).decode().split("\n")
        sys.stdout.write("".join(f"{harmless(line)}\n" for line in lines))
        return
    causes: list[dict[str, Any]] = msgspec.json.decode(body)
    if not causes:
        print("nothing is in quarantine", file=sys.stderr)
        return
    for cause in causes:
        _print_cause(cause)


def _print_cause(cause: dict[str, Any]) -> None:
    from eventlog.reading_commands import harmless

    typer.echo(
        f"{cause['deliveries']:,} × {cause['projection']}: {harmless(cause['cause'])} ({cause['sqlstate']})"
    )
    typer.echo(
        f"    from {cause['first_at']} to {cause['last_at']}; the latest: {', '.join(cause['latest'])}"
    )
