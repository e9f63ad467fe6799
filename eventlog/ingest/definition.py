"""How the bodies of one sender become events."""

import re
from typing import Literal

import msgspec

from eventlog.errors import SettingsError
from eventlog.intake.fields import source_flaw
from eventlog.intake.templates import parse_template

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
BYTES_MAX = 10_000
BY_REQUEST = "request"
BY_CONTENT = "content"

Form = Literal["auto", "json", "lines"]


class DefinitionWrong(SettingsError):
    """A definition cannot be used; the text says what to mend."""


class IngestDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Templates name values as `body.PATH` and `header.NAME`.

    topic: a text or a template. event_id: "request": a repeated request adds nothing, and two lines that are
    alike are two events; "content": lines that are alike are one; or a template. time: a template for RFC
    3339, or for seconds or milliseconds of the epoch; "" takes the time of receipt. source: a text or a
    template; "" is the name. form: "json", "lines" of text, or "auto" by what comes.
    """

    topic: str
    event_id: str = BY_REQUEST
    time: str = ""
    source: str = ""
    form: Form = "auto"

    def require_sound(self, name: str) -> None:
        """Raise DefinitionWrong where it can make no event."""
        if not NAME.fullmatch(name):
            raise DefinitionWrong("a name has small letters, digits, `_`, `-` and `.`, 63 at most")
        for field in ("topic", "event_id", "time", "source"):
            try:
                parts = parse_template(getattr(self, field))
            except ValueError as error:
                raise DefinitionWrong(f"{field}: {error}") from None
            for _, value in parts:
                if value and value.partition(".")[0] not in ("body", "header"):
                    raise DefinitionWrong(f"{field}: a value is body.PATH or header.NAME, not {value}")
        if not self.topic or not self.event_id:
            raise DefinitionWrong("topic and event_id are needed")
        if self.source and "{" not in self.source and (flaw := source_flaw(self.source)):
            raise DefinitionWrong(f"source {flaw}")
        if len(msgspec.json.encode(self)) > BYTES_MAX:
            raise DefinitionWrong(f"a definition has {BYTES_MAX} bytes at most")
