"""Saved questions: one SQL file each in sql/audit/questions, told by the comment at its top.

    -- title: Was this event received?
    -- description: Every delivery of one event, with its outcome.
    -- parameter: topic text; the event's topic
    -- parameter: since timestamptz = yesterday; from this moment on
    SELECT … WHERE topic = :topic

A parameter without a default must be given. Defaults are what PostgreSQL reads as its type, such as
`yesterday` for a moment.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from eventlog.statements import SQL_DIR

QUESTIONS_DIR = SQL_DIR / "audit" / "questions"
PARAMETER = re.compile(r"(?P<name>[a-z_]+) (?P<type>[a-z]+)(?: = (?P<default>[^;]*))?; (?P<description>.+)")


class QuestionParameter(msgspec.Struct, frozen=True):
    """A parameter of a saved question."""

    name: str
    type: str
    default: Annotated[str | None, Meta(description="null: it must be given")]
    description: str


class Question(msgspec.Struct, frozen=True):
    """A saved question."""

    name: str
    title: str
    description: str
    parameters: list[QuestionParameter]
    sql: str


@cache
def questions() -> dict[str, Question]:
    """Return every saved question by its name, in order of their titles."""
    found = [_read(path) for path in QUESTIONS_DIR.glob("*.sql")]
    return {question.name: question for question in sorted(found, key=lambda question: question.title)}


def _read(path: Path) -> Question:
    header: dict[str, list[str]] = {"title": [], "description": [], "parameter": []}
    lines = path.read_text(encoding="utf-8").splitlines()
    body = 0
    for body, line in enumerate(lines):  # noqa: B007
        key, _, text = line.removeprefix("-- ").partition(": ")
        if not line.startswith("-- ") or key not in header:
            break
        header[key].append(text)
    return Question(
        name=path.stem,
        title=header["title"][0],
        description=" ".join(header["description"]),
        parameters=[_parameter(path, text) for text in header["parameter"]],
        sql="\n".join(lines[body:]).strip(),
    )


def _parameter(path: Path, text: str) -> QuestionParameter:
    found = PARAMETER.fullmatch(text)
    assert found is not None, f"{path.name}: {text!r} is no parameter"
    return QuestionParameter(found["name"], found["type"], found["default"], found["description"])
