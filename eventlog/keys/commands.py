"""`eventlog keys`: on the database itself, so that nobody locks himself out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, print_json, say

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from eventlog.keys.quotas import Quotas
    from eventlog.keys.store import NewKey, State
    from eventlog.sessions.database import Connection

app = typer.Typer(help="Keys: who may do what over HTTP.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(help="The key's id: what stands between evl_ and the next _.")]
EventsPerSecond = Annotated[
    str | None, typer.Option(help="How many events a second it may publish; none: as many as there are.")
]
BytesPerSecond = Annotated[str | None, typer.Option(help="How many bytes a second its publishes may have.")]
EventsPerDay = Annotated[str | None, typer.Option(help="How many events it may publish a day (UTC).")]
Streams = Annotated[str | None, typer.Option(help="How many streams it may have open.")]
SqlSecondsPerHour = Annotated[
    str | None, typer.Option(help="How many seconds an hour its statements in SQL may run.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
CLI = "cli"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="For people: which program or person it is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may do, once for each: publish, read or subscribe, also with a topic or a prefix "
            "(publish:order.*); sql, operate, metrics, keys."
        ),
    ],
    source: Annotated[str | None, typer.Option(help="The only source that its events may have.")] = None,
    topic_prefix: Annotated[
        str | None, typer.Option(help="What the topics of its events must begin with.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="After how long it expires: 90d, 24h. Never by default.")
    ] = None,
    events_per_second: EventsPerSecond = None,
    bytes_per_second: BytesPerSecond = None,
    events_per_day: EventsPerDay = None,
    streams: Streams = None,
    sql_seconds_per_hour: SqlSecondsPerHour = None,
    certificate: Annotated[
        Path | None, typer.Option(help="A client certificate, in PEM, that is as good as the key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, once: only a digest of it is kept.

    Data go to standard output: `eventlog keys create shop --scope publish:order.* > key` keeps just the key.
    """
    from datetime import UTC, datetime

    from eventlog.keys import store
    from eventlog.keys.quotas import UNLIMITED, changed
    from eventlog.keys.scopes import read_scopes
    from eventlog.keys.spans import read_span
    from eventlog.tls.client_certificate import fingerprint_of

    scopes = read_scopes(scope)
    wanted = {
        "events_per_second": events_per_second,
        "bytes_per_second": bytes_per_second,
        "events_per_day": events_per_day,
        "streams": streams,
        "sql_seconds_per_hour": sql_seconds_per_hour,
    }
    quotas = changed(UNLIMITED, wanted)
    expires_at = None if expires is None else datetime.now(UTC) + read_span(expires)
    with _opened() as connection:
        made = store.create(
            connection,
            name,
            scopes,
            source=source,
            topic_prefix=topic_prefix,
            expires_at=expires_at,
            quotas=quotas,
            certificate=None if certificate is None else fingerprint_of(certificate),
            created_by=CLI,
        )
    _print_new(made, as_json)


@app.command("list")
def list_keys(
    unused: Annotated[
        str | None, typer.Option(help="Only keys that were not used for so long: 30d, 24h.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all keys, and what each may do; never a secret."""
    from datetime import UTC, datetime

    from eventlog.keys import store
    from eventlog.keys.spans import read_span

    since = None if unused is None else datetime.now(UTC) - read_span(unused)
    with _opened() as connection:
        keys = store.all_keys(connection)
    if since is not None:
        keys = [key for key in keys if store.is_unused(key, since)]
    if as_json:
        print_json(keys)
        return
    if not keys and unused is not None:
        say(f"every key that may be used was, within {unused}")
        return
    if not keys:
        say("there are no keys yet; make one: eventlog keys create NAME --scope publish --scope read")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "name", "state", "scopes", "quotas", "expires", "last used", box=None)
    for key in keys:
        expires, used = (
            "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
            for moment in (key.expires_at, key.last_used_at)
        )
        table.add_row(
            key.id, harmless(key.name), key.state, " ".join(key.scopes), _quotas(key.quotas), expires, used
        )
    Console(markup=False, highlight=False).print(table)


@app.command()
def limit(
    key_id: KeyId,
    events_per_second: EventsPerSecond = None,
    bytes_per_second: BytesPerSecond = None,
    events_per_day: EventsPerDay = None,
    streams: Streams = None,
    sql_seconds_per_hour: SqlSecondsPerHour = None,
) -> None:
    """Change how much a key may use; what is not named stays, `none` takes a quota away."""
    from eventlog.errors import SettingsError
    from eventlog.keys import store
    from eventlog.keys.quotas import changed

    wanted = {
        "events_per_second": events_per_second,
        "bytes_per_second": bytes_per_second,
        "events_per_day": events_per_day,
        "streams": streams,
        "sql_seconds_per_hour": sql_seconds_per_hour,
    }
    if not any(wanted.values()):
        raise SettingsError("say which quota changes, such as --events-per-second 100, or none")
    with _opened() as connection:
        quotas = changed(store.one(connection, key_id).quotas, wanted)
        store.limit(connection, key_id, quotas)
    say(f"key {key_id} may use {_quotas(quotas)}")


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[
        str, typer.Option(help="How long the secret before it holds on: 24h, 30m; 0s ends it at once.")
    ] = "24h",
    as_json: Json = False,
) -> None:
    """Give a key another secret and print it, once; the one before holds on for a while."""
    from eventlog.keys import store
    from eventlog.keys.spans import read_span

    span = read_span(overlap)
    with _opened() as connection:
        made = store.rotate(connection, key_id, span)
    _print_new(made, as_json)
    say(f"the secret before it holds for {overlap}")


@app.command()
def certificate(
    key_id: KeyId,
    file: Annotated[Path, typer.Argument(help="The client certificate, in PEM.")],
    remove: Annotated[bool, typer.Option("--remove", help="Let it be as good as the key no more.")] = False,
) -> None:
    """Have a client certificate be as good as a key, beside those that are already."""
    from eventlog.keys import store
    from eventlog.tls.client_certificate import fingerprint_of

    fingerprint = fingerprint_of(file)
    with _opened() as connection:
        if not remove:
            store.add_certificate(connection, key_id, fingerprint)
            say(f"certificate {fingerprint.hex()} is as good as key {key_id}")
        elif store.remove_certificate(connection, key_id, fingerprint):
            say(f"certificate {fingerprint.hex()} is as good as key {key_id} no more")
        else:
            say(f"certificate {fingerprint.hex()} was not key {key_id}'s")
            raise typer.Exit(exits.FAILED)


@app.command()
def suspend(key_id: KeyId) -> None:
    """Have a key answered 503, which senders try again later, until `eventlog keys resume`."""
    _set_state(key_id, "suspended")


@app.command()
def resume(key_id: KeyId) -> None:
    """Let a suspended key be used again."""
    _set_state(key_id, "active")


@app.command()
def revoke(key_id: KeyId) -> None:
    """Refuse a key for ever, within 2 s on every process; its open streams end."""
    _set_state(key_id, "revoked")


def _set_state(key_id: str, state: "State") -> None:
    from eventlog.keys import store

    with _opened() as connection:
        changed = store.set_state(connection, key_id, state)
    say(f"key {key_id} is {state}" if changed else f"key {key_id} was {state} already")


def _quotas(quotas: "Quotas") -> str:
    """Return quotas for people."""
    found = [f"{value:,} {name.replace('_', ' ')}" for name, value in quotas.set().items()]
    return ", ".join(found) or "as much as there is"


def _print_new(made: "NewKey", as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    typer.echo(made.key)
    say(f"key {made.id} ({harmless(made.name)}) may {', '.join(made.scopes)}; it is shown this once")


def _opened() -> "AbstractContextManager[Connection]":
    from eventlog.sessions.owner_session import owner_session

    return owner_session("keys", say)
