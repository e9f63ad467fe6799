"""The commands of those who read: `stats` and `tail`. They talk to a running API."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, print_json, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from projections.read import Event

URL = Annotated[str | None, typer.Option(help="The API; EVENTLOG_URL or http://127.0.0.1:8080 by default.")]


def stats(
    topic: Annotated[str | None, typer.Option(help="The counts of one topic beside the totals.")] = None,
    topics: Annotated[
        int, typer.Option(min=0, max=100_000, help="How many of the largest topics to list.")
    ] = 20,
    url: URL = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what GET /stats answers.")] = False,
) -> None:
    """Show the books; exit 3 if they do not balance."""
    import msgspec

    from eventlog.terminal.client import ask

    body = ask(url, "/stats", topic=topic, topics=topics)
    counts: dict[str, Any] = msgspec.json.decode(body)
    if as_json:
        print_json(msgspec.Raw(body))
    else:
        from rich.console import Console

        console = Console()
        for part in _stats_tables(counts):
            console.print(part)
    if not counts["balanced"]:
        raise typer.Exit(exits.DIFFERENCE)


def _stats_tables(counts: dict[str, Any]) -> "list[RenderableType]":
    from rich import box
    from rich.table import Table

    books = Table(box=box.SIMPLE, show_header=False)
    books.add_column()
    books.add_column(justify="right")
    for label, name in (
        ("received", "received"),
        ("unique", "unique_processed"),
        ("duplicates", "duplicate_dropped"),
        ("  of these conflicts", "conflicts"),
        ("quarantined", "quarantined"),
        ("pending", "pending"),
        ("topics", "topics"),
        ("in the writer's queue", "queue_size"),
        ("workers", "workers"),
    ):
        books.add_row(label, f"{counts[name]:,}")
    books.add_row("balanced", "[green]yes[/]" if counts["balanced"] else "[bold red]NO[/]")
    books.add_row("up for", _duration(counts["uptime_seconds"]))
    return [books, _topics_table(counts["by_topic"])] if counts["by_topic"] else [books]


def _topics_table(by_topic: list[dict[str, Any]]) -> "RenderableType":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE)
    table.add_column("topic")
    names = ("received", "unique_processed", "duplicate_dropped", "conflicts", "quarantined")
    for title in ("received", "unique", "duplicates", "conflicts", "quarantined"):
        table.add_column(title, justify="right")
    for row in by_topic:
        table.add_row(Text(harmless(row["topic"])), *(f"{row[name]:,}" for name in names))
    return table


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def tail(
    topic: Annotated[
        str | None, typer.Argument(help="A topic, or a prefix as 'order.*'; all by default.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what arrives, until Ctrl-C.")
    ] = False,
    number: Annotated[
        int, typer.Option("--number", "-n", min=0, max=1_000, help="How many of the last events, by time.")
    ] = 10,
    url: URL = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the last events, and follow the log live."""
    import asyncio

    from eventlog.settings import load_settings
    from eventlog.terminal.client import ReadingClient
    from eventlog.tls.access import access_of
    from projections.read.tailing import tail as tailed

    show = _show_json if as_json else _show

    async def run() -> None:
        settings = load_settings(url=url)
        async with ReadingClient(settings.url, access_of(settings)) as client:
            async for event in tailed(client, topic, number, follow, _say):
                show(event)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        raise typer.Exit(exits.INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of our output has closed it. Python would complain once more when it flushes at exit.
        sys.stdout = None


def _say(text: str) -> None:
    say(harmless(text))


def _show_json(event: "Event") -> None:
    import msgspec

    _print_line(_on_one_line(msgspec.json.encode(event)))


def _show(event: "Event") -> None:
    payload = _on_one_line(bytes(event.payload))
    _print_line("  ".join((event.timestamp, event.topic, event.event_id, event.source, payload)))


def _on_one_line(json: bytes) -> str:
    """Return JSON text without the white space between its tokens; the tokens stay as they were sent."""
    import msgspec

    return msgspec.json.format(json, indent=-1).decode()


def _print_line(line: str) -> None:
    sys.stdout.write(harmless(line) + "\n")
    sys.stdout.flush()
