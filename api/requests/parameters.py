"""Query parameters, strictly: unknown, repeated and wrong ones are refused by name.

FastAPI's own would let repeated ones pass and replace what is no UTF-8; the same table that reads
them here documents them.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request

from api.errors import Problem
from eventlog.events import Fault
from eventlog.intake.fields import any_topic_flaw, as_moment, source_flaw, timestamp_flaw
from projections.read import rfc3339

NAME_CHARACTERS_MAX = 255
FIELDS_MAX = 64
ONE_ASTERISK = "is a topic, or a prefix of topics that ends in its only *, as order.*"


class Parameter(msgspec.Struct, frozen=True):
    """One query parameter. `read` raises ValueError, whose text goes on from the name: "is a number"."""

    read: Callable[[str], Any]
    description: str
    schema: dict[str, Any]
    # May be given several times; its value is a list.
    many: bool = False

    @property
    def documented_schema(self) -> dict[str, Any]:
        """Its schema in OpenAPI, where what may be repeated is an array."""
        return {"type": "array", "items": self.schema} if self.many else self.schema


Parameters = Mapping[str, Parameter]


def read_parameters(request: Request, known: Parameters) -> dict[str, Any]:
    """Return what was given, read. Raises a Problem that names every parameter that is wrong."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in _pairs(request):
        parameter = known.get(name)
        if parameter is None:
            offered = f"knows {', '.join(known)}" if known else "has no parameters"
            faults.append(fault(name, f"{name[:NAME_CHARACTERS_MAX]} is unknown; this route {offered}"))
        elif name in values and not parameter.many:
            faults.append(fault(name, f"{name} is given more than once"))
        else:
            values.setdefault(name, [] if parameter.many else None)
            try:
                value = parameter.read(text)
                values[name] = [*values[name], value] if parameter.many else value
            except ValueError as error:
                faults.append(fault(name, f"{name} {error}"))
    if faults:
        raise invalid(faults)
    return values


def _pairs(request: Request) -> list[tuple[str, str]]:
    query: bytes = request.scope["query_string"]
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:  # UnicodeDecodeError is one
        raise Problem(
            "invalid_query",
            f"the query must be percent-encoded UTF-8, of at most {FIELDS_MAX} parameters",
        ) from None


def fault(name: str, detail: str) -> Fault:
    """Return what is wrong with one parameter. Names come from the request, so they are cut."""
    return Fault(None, f"/{name[:NAME_CHARACTERS_MAX]}", "invalid_parameter", detail)


def invalid(faults: list[Fault]) -> Problem:
    """Return the problem of parameters that are wrong."""
    return Problem("invalid_parameter", "; ".join(fault.detail for fault in faults[:3]), errors=faults)


def documented(known: Parameters) -> dict[str, Any]:
    """Return the parameters as OpenAPI has them."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "description": parameter.description,
                "schema": parameter.documented_schema,
            }
            for name, parameter in known.items()
        ]
    }


def text(value: str) -> str:
    """Read an event_id or a source, by the rules of POST /publish."""
    return _lawful(value, source_flaw(value))


def one_topic(value: str) -> str:
    """Read one topic, where no prefix is taken."""
    return _lawful(value, any_topic_flaw(value))


def topic_pattern(value: str) -> str:
    """Read a topic, or a prefix that ends in an asterisk."""
    if not value.endswith("*"):
        if "*" not in value:
            return _lawful(value, any_topic_flaw(value))
        raise ValueError(ONE_ASTERISK)
    if "*" in value[:-1]:
        raise ValueError(ONE_ASTERISK)
    return _lawful(value, source_flaw(value))


def moment(value: str) -> str:
    """Read a moment by the rule of POST /publish. In a query, a plus sign that was not encoded is a blank."""
    value = value.replace(" ", "+")
    _lawful(value, timestamp_flaw(value))
    return rfc3339(as_moment(value))


def _lawful(value: str, flaw: str | None) -> str:
    if flaw is not None:
        raise ValueError(flaw)
    return value


def one_of(*allowed: str) -> Callable[[str], str]:
    """Read one of some words."""

    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"is {' or '.join(allowed)}")
        return value

    return read


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Read a number within bounds, both inclusive."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) <= 19 and low <= int(value) <= high):
            raise ValueError(f"is a whole number from {low} to {high}")
        return int(value)

    return read
