"""What somebody asks: a statement of their own, or a saved question, with its parameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from eventlog.audit.errors import QuestionRefused, QuestionUnknown
from eventlog.audit.limits import (
    PARAMETER_CHARACTERS_MAX,
    PARAMETERS_CHARACTERS_MAX,
    PARAMETERS_MAX,
    STATEMENT_CHARACTERS_MAX,
)
from eventlog.audit.placeholders import Numbered, numbered
from eventlog.audit.questions import Question, questions

Parameters = Mapping[str, Any] | Sequence[Any]


class StatementRequest(msgspec.Struct, frozen=True):
    """One statement as it goes to PostgreSQL, and as it is recorded."""

    statement: str
    values: list[str | None]
    written: str
    parameters: Parameters
    question: str | None = None
    numbered: Numbered | None = None

    def position(self, position: int) -> int:
        """Return where a position of the statement, as PostgreSQL counts it, is in the text as written."""
        return position if self.numbered is None else self.numbered.written(position)


def ask_statement(text: str, parameters: Parameters | None = None) -> StatementRequest:
    """Return a statement with its parameters bound: named ones for `:name`, a list's for `$1`, `$2` ….

    Raises QuestionRefused for what PostgreSQL could not even be asked.
    """
    given: Parameters = {} if parameters is None else parameters
    if not text.strip():
        raise QuestionRefused("statement_empty", "there is no statement")
    if len(text) > STATEMENT_CHARACTERS_MAX:
        raise QuestionRefused(
            "statement_too_long", f"a statement has at most {STATEMENT_CHARACTERS_MAX:,} characters"
        )
    _refuse_unsendable("the statement", text)
    if len(given) > PARAMETERS_MAX:
        raise QuestionRefused(
            "too_many_parameters",
            f"{len(given):,} parameters: a statement takes at most {PARAMETERS_MAX:,}; send an array as one",
        )
    if not isinstance(given, Mapping):
        return StatementRequest(
            text, _texts((str(number), value) for number, value in enumerate(given, 1)), text, given
        )
    found = numbered(text, given.keys())
    unused = given.keys() - set(found.names)
    if unused:
        raise QuestionRefused(
            "parameter_unknown",
            f"the statement has no :{min(unused)[:100]}, for which a parameter was given",
        )
    values = _texts((f":{name}", given[name]) for name in found.names)
    return StatementRequest(found.statement, values, text, given, numbered=found)


def ask_question(name: str, parameters: Parameters | None = None) -> StatementRequest:
    """Return a saved question with its parameters, defaults where none is given.

    Raises QuestionUnknown, and QuestionRefused for a parameter that is missing or unknown.
    """
    question = questions().get(name)
    if question is None:
        raise QuestionUnknown(name)
    given = _by_name(question, {} if parameters is None else parameters)
    known = {parameter.name: parameter.default for parameter in question.parameters}
    unknown = [key for key in given if key not in known]
    if unknown:
        raise QuestionRefused(
            "parameter_unknown",
            f"question {name} has no parameter {unknown[0][:100]}; it knows {', '.join(known) or 'none'}",
        )
    filled = {key: given.get(key, default) for key, default in known.items()}
    missing = [key for key, value in filled.items() if value is None and given.get(key) is None]
    if missing:
        raise QuestionRefused("parameter_missing", f"question {name} needs {', '.join(missing)}")
    asked = ask_statement(question.sql, filled)
    return msgspec.structs.replace(asked, question=name)


def _by_name(question: Question, given: Parameters) -> Mapping[str, Any]:
    """Return parameters by name; a list's are in the question's order."""
    if isinstance(given, Mapping):
        return given
    if len(given) > len(question.parameters):
        raise QuestionRefused(
            "parameter_unknown", f"question {question.name} has {len(question.parameters)} parameters"
        )
    return {parameter.name: value for parameter, value in zip(question.parameters, given, strict=False)}


def _texts(named: Iterable[tuple[str, object]]) -> list[str | None]:
    """Return parameters as PostgreSQL reads them, each with its name for an error."""
    texts = [_text(name, value) for name, value in named]
    if sum(len(text) for text in texts if text is not None) > PARAMETERS_CHARACTERS_MAX:
        raise QuestionRefused(
            "parameter_too_long", f"all parameters have at most {PARAMETERS_CHARACTERS_MAX:,} characters"
        )
    return texts


def _text(name: str, value: object) -> str | None:
    """Return a parameter as PostgreSQL reads it; what is no scalar goes as its JSON text."""
    if value is None:
        return None
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str | int | float):
        text = str(value)
    else:
        text = msgspec.json.encode(value).decode()
    if len(text) > PARAMETER_CHARACTERS_MAX:
        raise QuestionRefused(
            "parameter_too_long",
            f"parameter {name[:100]} has at most {PARAMETER_CHARACTERS_MAX:,} characters",
        )
    _refuse_unsendable(f"parameter {name[:100]}", text)
    return text


def _refuse_unsendable(name: str, text: str) -> None:
    if "\0" in text:
        raise QuestionRefused("nul_in_text", f"{name} holds U+0000, which PostgreSQL's text cannot")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QuestionRefused(
            "surrogate_in_text", f"{name} holds a lone surrogate, which is no text"
        ) from None
