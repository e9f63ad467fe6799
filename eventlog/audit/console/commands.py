r"""What a line of the console means: a statement, or one of its backslash commands."""

import shlex
from typing import Literal

import msgspec

from eventlog.audit.errors import QuestionRefused
from eventlog.audit.questions import questions

Kind = Literal[
    "nothing", "statement", "question", "help", "quit", "views", "view", "questions", "expanded", "format"
]

HELP = r"""A statement ends with a semicolon and may have many lines. One at a time, read-only, recorded.
\d            the views            \d NAME       the columns of one, and what they mean
\questions    the saved questions  \NAME VALUE…  asks one: values in order, or name=value
\x            a line for each value, on and off
\o FORMAT     table, csv, json or ndjson
\q            leaves, as Ctrl-D does; Ctrl-C stops a statement that runs"""

PLAIN: dict[str, Kind] = {
    "\\?": "help",
    "\\h": "help",
    "\\q": "quit",
    "\\questions": "questions",
    "\\x": "expanded",
    "quit": "quit",
    "exit": "quit",
}


class ConsoleLine(msgspec.Struct, frozen=True):
    """What was typed: its kind, and what it is about."""

    kind: Kind
    text: str = ""
    arguments: dict[str, str] = {}


def read_line(typed: str) -> ConsoleLine:
    """Return what a line means. Raises QuestionRefused for a command that does not exist."""
    text = typed.strip()
    plain = PLAIN.get(text.rstrip(";").strip())
    if plain is not None:
        return ConsoleLine(plain)
    if not text.strip("; \n"):
        return ConsoleLine("nothing")
    if not text.startswith("\\"):
        return ConsoleLine("statement", text.rstrip().removesuffix(";"))
    try:
        command, *words = shlex.split(text[1:].removesuffix(";"))
    except ValueError as error:  # a quotation mark without its other
        raise QuestionRefused("command_malformed", f"{text[:40]}: {error}") from None
    if command in ("d", "dv", "dt"):
        return ConsoleLine("view", words[0].removeprefix("audit.")) if words else ConsoleLine("views")
    if command == "o" and words[:1] and words[0] in ("table", "csv", "json", "ndjson"):
        return ConsoleLine("format", words[0])
    if command in questions():
        return ConsoleLine("question", command, _arguments(command, words))
    raise QuestionRefused("command_unknown", f"there is no \\{command}: \\? tells what there is")


def _arguments(name: str, words: list[str]) -> dict[str, str]:
    """Return a question's parameters: `name=value`, or values in the question's order."""
    names = [parameter.name for parameter in questions()[name].parameters]
    given: dict[str, str] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if separator and key in names:
            given[key] = value
            continue
        free = [name for name in names if name not in given]
        if not free:
            raise QuestionRefused("parameter_unknown", f"question {name} knows {', '.join(names) or 'none'}")
        given[free[0]] = word
    return given


def is_complete(typed: str) -> bool:
    """Say whether Enter ends the input: a statement's last semicolon, a command, or an empty line."""
    text = typed.strip()
    return not text or text.startswith("\\") or text.endswith(";") or text in ("quit", "exit")
