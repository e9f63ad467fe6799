"""Texts made of what came: `github.{header.x-github-event}`, `{body.data.id}`."""

import string
from collections.abc import Callable

# A text, and the name whose value follows it, or nothing.
Parts = list[tuple[str, str]]


def parse_template(template: str) -> Parts:
    """Split a template into pairs of a text and a name; raises ValueError."""
    parts = list(string.Formatter().parse(template))
    if any(name == "" or form or conversion for _, name, form, conversion in parts):
        raise ValueError("between { and } stands the name of a field and nothing else")
    return [(literal, name or "") for literal, name, _, _ in parts]


def fill(parts: Parts, value_of: Callable[[str], str | None]) -> str | None:
    """Put the values in; None where one of them is missing or empty."""
    filled: list[str] = []
    for literal, name in parts:
        filled.append(literal)
        if name:
            value = value_of(name)
            if not value:
                return None
            filled.append(value)
    return "".join(filled)
