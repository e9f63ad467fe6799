"""`eventlog sql` and `eventlog console`: questions in SQL, over the guarded path."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import harmless, say

if TYPE_CHECKING:
    from eventlog.audit.auditor import StatementResult
    from eventlog.audit.statement_request import StatementRequest

BANNER = """The event log, in SQL. Read-only: nothing that you ask can change it.
Every statement is recorded, with your name: {who}.
{views} views: \\d lists them. Saved questions: \\questions. Help: \\?  Leave: \\q"""
Format = Literal["table", "csv", "json", "ndjson"]


def sql(
    statement: Annotated[
        str | None, typer.Argument(help="One statement that answers with rows; `-` reads it from stdin.")
    ] = None,
    question: Annotated[
        str | None, typer.Option("--question", "-q", help="A saved question instead.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="name=value, for :name; once for each.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", "-l", help="List the saved questions.")] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-o", help="How rows are printed; a table by default."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    spreadsheet: Annotated[
        bool, typer.Option(help="CSV for a spreadsheet: an apostrophe before what it took for a formula.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, max=10_000, help="The most rows; 1,000.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, max=60, help="When it is stopped; 10.")] = None,
) -> None:
    """Ask the log in SQL: one read-only statement over the audit views, recorded before it runs.

    `eventlog sql "SELECT * FROM books"`; `eventlog sql -q was_it_received -p topic=… -p event_id=…`.
    The views: `eventlog sql "SELECT * FROM views"`.
    """
    if json_ and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --format {form} ask for two formats: give one of them")
    if spreadsheet and (json_ or form not in (None, "csv")):
        raise typer.BadParameter("--spreadsheet is for CSV: give --format csv, or neither of them")
    form = "json" if json_ else form or ("csv" if spreadsheet else "table")
    if list_:
        _list_questions(form)
        return
    from eventlog.audit.errors import StatementFailed
    from eventlog.audit.render_lines import failure_text

    asked = _asked(statement, question, param or [])
    try:
        answer = _ask(asked, limit, seconds)
    except StatementFailed as error:
        say(failure_text(error, asked.written))
        raise typer.Exit(exits.FAILED) from None
    try:
        _print(answer, form, spreadsheet=spreadsheet)
    except BrokenPipeError:
        # The reader of our output has closed it. Python would complain once more when it flushes at exit.
        sys.stdout = None
    if answer.truncated:
        say(f"cut after {len(answer.rows)} rows: there are more; --limit takes up to 10,000, in 4 MiB")


def console(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most rows of an answer.")] = 1_000,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="When a statement is stopped.")] = 10,
) -> None:
    """Question the log in SQL, interactively: read-only, and every statement is recorded."""
    from eventlog.acts.actor import user
    from eventlog.audit.catalogue import audit_views
    from eventlog.audit.console.prompt import history_in, make_prompt
    from eventlog.audit.console.session import ConsoleSession
    from eventlog.audit.limits import StatementLimits
    from eventlog.audit.open_auditor import opened_auditor
    from eventlog.audit.record import Asker
    from eventlog.settings import load_settings, state_dir

    if not sys.stdin.isatty():
        raise typer.BadParameter("the console needs a terminal; elsewhere use `eventlog sql -`")
    with opened_auditor(load_settings(), say) as (auditor, dsn):
        views = audit_views(dsn)
        asker = Asker(user(), "console")
        say(BANNER.format(who=asker.who, views=len(views)))
        prompt = make_prompt(views, history_in(state_dir()))
        ConsoleSession(auditor, asker, views, StatementLimits(rows=limit, seconds=seconds)).run(prompt)


def _asked(statement: str | None, question: str | None, given: list[str]) -> "StatementRequest":
    from eventlog.audit.statement_request import ask_question, ask_statement

    if (statement is None) == (question is None):
        raise typer.BadParameter("give a statement, or --question NAME; --list lists the questions")
    parameters = {}
    for pair in given:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{pair!r} is no name=value", param_hint="--param")
        parameters[name] = value
    if question is not None:
        return ask_question(question, parameters)
    text = sys.stdin.read() if statement == "-" else statement
    assert text is not None
    return ask_statement(text, parameters)


def _ask(asked: "StatementRequest", rows: int | None, seconds: float | None) -> "StatementResult":
    import msgspec

    from eventlog.acts.actor import user
    from eventlog.audit.limits import StatementLimits
    from eventlog.audit.open_auditor import opened_auditor
    from eventlog.audit.record import Asker
    from eventlog.settings import load_settings

    limits = StatementLimits()
    limits = msgspec.structs.replace(limits, rows=rows or limits.rows, seconds=seconds or limits.seconds)
    try:
        with opened_auditor(load_settings(), say) as (auditor, _):
            return auditor.ask(asked, Asker(user(), "sql"), limits)
    except KeyboardInterrupt:
        raise typer.Exit(exits.INTERRUPTED) from None


def _print(answer: "StatementResult", form: Format, *, spreadsheet: bool) -> None:
    from eventlog.audit.render_csv_json import comma_separated
    from eventlog.audit.render_ndjson import json_lines, json_text
    from eventlog.audit.render_table import print_table

    match form:
        case "table":
            print_table(answer)
        case "csv":
            # Into a file the values as they are; on a terminal none that acts upon it.
            write = harmless if sys.stdout.isatty() else str
            sys.stdout.write(comma_separated(answer, spreadsheet=spreadsheet, write=write))
        case "json":
            sys.stdout.write(json_text(answer))
        case "ndjson":
            sys.stdout.writelines(json_lines(answer))
    sys.stdout.flush()


def _list_questions(form: Format) -> None:
    from eventlog.audit.questions import questions
    from eventlog.audit.render_lines import parameter_lines

    if form in ("json", "ndjson"):
        import msgspec

        encoded = msgspec.json.encode(list(questions().values()))
        typer.echo(msgspec.json.format(encoded, indent=2).decode())
        return
    for question in questions().values():
        typer.echo(f"{question.name}\n    {question.title} {question.description}")
        for line in parameter_lines(question):
            typer.echo(f"    {line}")
