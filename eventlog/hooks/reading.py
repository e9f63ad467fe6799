"""A webhook's body → its event, or, where it cannot be one, what is kept of it under `$unparsed`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs

import msgspec

from eventlog.events import UNPARSED, WEBHOOK, Events
from eventlog.hooks.definition import HookDefinition
from eventlog.intake.examine import repeats_key
from eventlog.intake.foreign import ForeignEvent, Place, broken_fields, events_of
from eventlog.intake.forms import json_flaw
from eventlog.intake.media_type import media_type_of
from eventlog.intake.templates import ReceivedValues, fill, moment_of, parse_template
from eventlog.intake.text import WHITE_SPACE
from eventlog.intake.unparsed import unparsed

FORM = "application/x-www-form-urlencoded"
# Some providers send JSON as this field of a form.
FORM_FIELD = "payload"
FIELDS_MAX = 1_000
_NAMES = {name: name for name in ("topic", "event_id", "timestamp", "source")}

_encode = msgspec.json.Encoder().encode


class _NoEvent(Exception):
    """Why a body can be no event."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_webhook(
    hook: HookDefinition, headers: Mapping[bytes, bytes], body: bytes, received_at: datetime, depth: int
) -> Events:
    """Return the one event of a request; raises nothing for whatever is in it.

    Args:
        hook: the webhook that it came for.
        headers: of the request, by lower-case name.
        body: as it came.
        received_at: when it came.
        depth: how deeply arrays and objects may be nested.
    """
    try:
        event = _event(hook, headers, body, received_at, depth)
        if faults := list(broken_fields(Place(0, ""), event, _NAMES)):
            raise _NoEvent(faults[0].code, faults[0].detail)
    except _NoEvent as why:
        kept = unparsed(f"/hooks/{hook.name}", body, why.code, str(why), received_at)
        return events_of([kept], UNPARSED)
    return events_of([event], WEBHOOK)


def challenge_of(hook: HookDefinition, body: bytes) -> str | None:
    """Return what Slack wants to hear when a webhook is set up; None where it asks for nothing."""
    if hook.rules.scheme != "slack":
        return None
    try:
        said = json.loads(body)
    except ValueError:
        return None
    asks = isinstance(said, dict) and said.get("type") == "url_verification"
    return str(said.get("challenge", "")) if asks else None


def _event(
    hook: HookDefinition, headers: Mapping[bytes, bytes], body: bytes, received_at: datetime, depth: int
) -> ForeignEvent:
    text = _json_of(headers, body)
    _require_readable(text, depth)
    payload = text if text.startswith(b"{") else b'{"body":%b}' % text
    values = ReceivedValues(headers, payload)
    topic = fill(parse_template(hook.rules.topic), values.value_of)
    if topic is None:
        raise _NoEvent("missing_topic", f"nothing came of which to make the topic {hook.rules.topic}")
    identity = fill(parse_template(hook.rules.event_id), values.value_of) if hook.rules.event_id else None
    said = fill(parse_template(hook.rules.time), values.value_of) if hook.rules.time else None
    return ForeignEvent(
        topic,
        identity or f"sha256:{hashlib.sha256(body).hexdigest()}",
        moment_of(said) or received_at.isoformat(),
        hook.source,
        payload,
        b'"webhook":%b' % _encode({"name": hook.name, "headers": values.used}),
    )


def _json_of(headers: Mapping[bytes, bytes], body: bytes) -> bytes:
    """Return a body as JSON: as it is, the field of a form that has it, or the fields of a form."""
    if media_type_of(headers) != FORM:
        return body.strip(WHITE_SPACE)
    try:
        fields = parse_qs(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise _NoEvent("invalid_form", f"the form cannot be read: {error}") from None
    if len(fields.get(FORM_FIELD, [])) == 1:
        return fields[FORM_FIELD][0].encode().strip(WHITE_SPACE)
    return _encode({name: found[0] if len(found) == 1 else found for name, found in fields.items()})


def _require_readable(text: bytes, depth: int) -> None:
    found = json_flaw(text, depth - 1)
    if found is not None:
        raise _NoEvent(found.code, found.detail)
    if text.startswith(b"{") and repeats_key(text):
        raise _NoEvent("duplicate_key", "a key stands twice in the object")
