"""Which format a body says that it is in. JSON Lines go by many names: each is understood."""

import re
from collections.abc import Mapping

_LINES = re.compile(r"(application|text)/(x-)?(nd-?json|ld-?json|json-?l(ines)?)")


def media_type_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the type that Content-Type names, in lower case, without its parameters; "" without one."""
    said = headers.get(b"content-type", b"").decode("latin-1")
    return said.partition(";")[0].strip().lower()


def are_lines(kind: str) -> bool:
    """Say whether a media type, in lower case, is a name of JSON Lines."""
    return _LINES.fullmatch(kind) is not None
