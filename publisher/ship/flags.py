"""The flags of `eventlog ship`, checked before the first line is read."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from eventlog.errors import SettingsError
from eventlog.intake.fields import source_flaw, topic_flaw
from eventlog.intake.templates import parse_template
from publisher.ship.shipping import Shipping
from publisher.ship.times.custom import custom_layout

_FIELD_FLAGS = ("topic_template", "source_field", "id_field", "time_field", "payload_field")
_COPIES = ("auto", "skip", "ship")
_FORMATS = {"auto": None, "lines": False, "ndjson": True, "docker": False, "cri": False}
_CONTAINERS = ("docker", "cri")


def shipping_from_flags(
    *, form: str, timezone: str, topic_field: str | None, time_format: str | None = None, **flags: Any
) -> Shipping:
    """Return how to ship; raises SettingsError for a flag that cannot be meant so."""
    if form not in _FORMATS:
        raise SettingsError(f"--format: {form!r} is none of {', '.join(_FORMATS)}")
    if flags.get("copies", "auto") not in _COPIES:
        raise SettingsError(f"--copies: {flags['copies']!r} is none of {', '.join(_COPIES)}")
    if topic_field is not None:
        if flags["topic_template"] is not None:
            raise SettingsError("--topic-field and --topic-template exclude each other")
        flags["topic_template"] = f"{{{topic_field}}}"
    fields = [f"--{name.replace('_', '-')}" for name in _FIELD_FLAGS if flags[name] is not None]
    if fields and _FORMATS[form] is False:
        raise SettingsError(f"{fields[0]} is for NDJSON, and --format says {form}")
    _check_template(flags["topic_template"])
    _check_text("--topic", flags["topic"], topic_flaw)
    _check_text("--source", flags["source"], source_flaw)
    _check_text("--name", flags["name"], source_flaw)
    # A flag that names a field means NDJSON, whatever the file is called.
    ndjson = True if fields else _FORMATS[form]
    layout = custom_layout(time_format) if time_format is not None else None
    container = form if form in _CONTAINERS else None
    return Shipping(ndjson=ndjson, container=container, zone=_zone(timezone), time_format=layout, **flags)


def _zone(name: str) -> tzinfo:
    if name.upper() in ("UTC", "Z"):
        return UTC  # also where the system has no table of zones, as in small containers
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise SettingsError(f"--timezone: there is no zone {name!r} (as Europe/Berlin, UTC)") from None


def _check_template(template: str | None) -> None:
    if template is None:
        return
    try:
        parse_template(template)
    except ValueError as error:
        raise SettingsError(f"--topic-template: {template!r}: {error}") from None


def _check_text(flag: str, text: str | None, flaw: Callable[[str], str | None]) -> None:
    """Refuse what the API would refuse of every single event."""
    if text is None:
        return
    # An argument that is no UTF-8 comes with surrogates in place of its bytes, which no event has.
    broken = "is UTF-8" if any("\ud800" <= c <= "\udfff" for c in text) else flaw(text)
    if broken:
        raise SettingsError(f"{flag}: {text!r} would be refused; such a name {broken}")
