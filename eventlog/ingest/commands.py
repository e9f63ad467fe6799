"""`eventlog ingest`: how bodies that come to /ingest/NAME become events, kept in the database."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, print_json, say

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from eventlog.ingest.definition import IngestDefinition
    from eventlog.sessions.database import Connection

app = typer.Typer(help="What comes to /ingest/NAME, and how it becomes events.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name in the address: POST /ingest/NAME.")]
Topic = Annotated[
    str, typer.Option(help="A text or a template: nginx.{body.status}, {header.x-kind}.", show_default=False)
]
EventId = Annotated[
    str,
    typer.Option(
        help="request: a repeated request adds nothing, lines that are alike are several events; content: "
        "lines that are alike are one event; or a template: {body.id}."
    ),
]
Time = Annotated[
    str, typer.Option(help="A template for the time, {body.time}; the time of receipt without one.")
]
Source = Annotated[str, typer.Option(help="A text or a template; the name without one.")]
Form = Annotated[
    str, typer.Option(help="json, lines (of text), or auto: by Content-Type and by what a line looks like.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
REQUEST = "request"
AUTO = "auto"


@app.command("set")
def set_definition(
    name: Name,
    topic: Topic,
    event_id: EventId = REQUEST,
    time: Time = "",
    source: Source = "",
    form: Form = AUTO,
) -> None:
    """Define a name, or define it anew: a further version, which holds on every API process within 2 s."""
    from eventlog.ingest import store

    definition = _definition(topic, event_id, time, source, form)
    with _opened() as connection:
        version = store.store(connection, name, definition, "cli")
    say(f"POST /ingest/{name} takes what comes by version {version} of its definition")


@app.command("remove")
def remove(name: Name) -> None:
    """Have a name answer 404. Its versions are kept."""
    from eventlog.ingest import store

    with _opened() as connection:
        store.store(connection, name, None, "cli")
    say(f"/ingest/{name} is no more")


@app.command("list")
def list_definitions(as_json: Json = False) -> None:
    """List what is defined."""
    from eventlog.ingest import store

    with _opened() as connection:
        found = store.current(connection)
    if as_json:
        print_json([{**_row(each.name, each.version), "definition": each.read()} for each in found])
        return
    if not found:
        say("nothing is defined: eventlog ingest set NAME --topic TOPIC")
    for each in found:
        read = each.read()
        typer.echo(
            f"{each.name}  version {each.version}, {each.created_at:%Y-%m-%d %H:%M} by {each.created_by}"
        )
        for field in read.__struct_fields__:
            if value := getattr(read, field):
                typer.echo(f"    {field:<9} {harmless(value)}")


@app.command("test")
def try_out(
    name: Name,
    file: Annotated[Path, typer.Argument(help="What a sender would send, or - for standard input.")],
    topic: Annotated[
        str | None, typer.Option(help="Try another definition than the one that is set.")
    ] = None,
    event_id: EventId = REQUEST,
    time: Time = "",
    source: Source = "",
    form: Form = AUTO,
    content_type: Annotated[str, typer.Option(help="What the sender says that it is.")] = "",
    header: Annotated[
        list[str] | None, typer.Option(help="A header that the sender sends: NAME: VALUE.")
    ] = None,
) -> None:
    """Print what would become of each record, a line of JSON for each, and store nothing.

    Exits 3 where something can be no event.
    """
    from datetime import UTC, datetime

    import msgspec

    from eventlog.ingest.reading import BodyReader
    from eventlog.intake.limits import PublishLimits
    from eventlog.settings import load_settings

    version = 0
    if topic is None:
        version, definition = _stored(name)
    else:
        definition = _definition(topic, event_id, time, source, form)
        definition.require_sound(name)
    settings = load_settings()
    limits = PublishLimits(
        event_bytes=settings.event_bytes_max,
        body_bytes=settings.body_bytes_max,
        batch_events=settings.batch_events_max,
    )
    found = BodyReader(name, version, definition).read(
        _headers(content_type, header or []), _content(file), datetime.now(UTC), limits
    )
    for event in (*found.events, *found.unparsed):
        typer.echo(msgspec.json.format(event.text(), indent=0).decode())
    say(f"{len(found.events)} events, {len(found.unparsed)} that can be none")
    if found.unparsed:
        raise typer.Exit(exits.DIFFERENCE)


def _stored(name: str) -> tuple[int, "IngestDefinition"]:
    from eventlog.ingest import store
    from eventlog.ingest.definition import DefinitionWrong

    with _opened() as connection:
        for each in store.current(connection):
            if each.name == name:
                return each.version, each.read()
    raise DefinitionWrong(f"nothing is defined as {name}: say --topic here, or eventlog ingest set {name}")


def _definition(topic: str, event_id: str, time: str, source: str, form: str) -> "IngestDefinition":
    import msgspec

    from eventlog.ingest.definition import DefinitionWrong, IngestDefinition

    fields = {"topic": topic, "event_id": event_id, "time": time, "source": source, "form": form}
    try:
        return msgspec.convert(fields, IngestDefinition)
    except msgspec.ValidationError as error:
        raise DefinitionWrong(str(error)) from None


def _headers(content_type: str, given: list[str]) -> dict[bytes, bytes]:
    pairs = [each.partition(":") for each in given]
    headers = {name.strip().lower().encode(): value.strip().encode() for name, _, value in pairs}
    return {b"content-type": content_type.encode(), **headers} if content_type else headers


def _content(file: Path) -> bytes:
    from eventlog.errors import SettingsError

    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None


def _row(name: str, version: int) -> dict[str, object]:
    return {"name": name, "version": version}


def _opened() -> "AbstractContextManager[Connection]":
    from eventlog.sessions.owner_session import owner_session

    return owner_session("ingest", say)
