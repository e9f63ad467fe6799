"""What /openapi.json says of answers and bodies: taken from the structs that are sent and read.

A route says `responses={200: sends(Stats), …}` of what it encodes. The struct's own fields, types and
descriptions are the schema, so there is nothing beside it that could differ.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.http.negotiation import JSON

REFERENCE = "#/components/schemas/{name}"
# Every type that a route has described; their schemas go into the document once, by name.
_described: list[Any] = []


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the schema of a type, whose structs are references into the document."""
    if kind not in _described:
        _described.append(kind)
    [schema], _ = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    return schema


def components() -> dict[str, Any]:
    """Return the schema of each struct that was described, by its name."""
    _, found = msgspec.json.schema_components(_described, ref_template=REFERENCE)
    for schema in found.values():
        if "description" in schema:  # as docstrings are indented
            schema["description"] = "\n".join(line.strip() for line in schema["description"].splitlines())
    return dict(found)


def sends(
    kind: Any, description: str = "", *, also: Any = None, example: Any = None, **further: Mapping[str, Any]
) -> dict[str, Any]:
    """Document an answer by the type that is encoded, or by another that it may be.

    `further` are other members of the response.
    """
    schema = schema_of(kind)
    content: dict[str, Any] = {"schema": schema if also is None else {"oneOf": [schema, schema_of(also)]}}
    if example is not None:
        content["example"] = example
    return {"description": description or _first_line(kind), "content": {JSON: content}, **further}


def takes(*kinds: Any, example: Any = None) -> dict[str, Any]:
    """Document a request body by the type that it is decoded to, or by each that it may be."""
    schemas = [schema_of(kind) for kind in kinds]
    content: dict[str, Any] = {"schema": schemas[0] if len(kinds) == 1 else {"oneOf": schemas}}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {JSON: content}}


def _first_line(kind: Any) -> str:
    """Return what a struct, or a list of them, says of itself first."""
    items = getattr(kind, "__args__", (kind,))
    line: str = items[0].__doc__.splitlines()[0]
    return line.rstrip(".")
