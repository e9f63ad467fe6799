"""CloudEvents 1.0 → events: structured, a batch of them, or with the attributes in headers ("binary").

- `type` is the topic, `time` the timestamp: that of receipt where there is none.
- CloudEvents are identified by source and id, ours by topic and event_id; two sources may use one id. So
  event_id is the source, a blank and the id; a hash of that where it is too long.
- Data that is an object is the payload. Other data is in an object: {"data": …}, or {"data_base64": …} for
  bytes that are no text. One event comes out the same, in whichever way it was sent.
- The attributes stand in the member "cloudevent" beside the payload, and "data_in" says where data is if the
  payload is not all of it.

Format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md, headers:
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Raw

from eventlog.errors import Refused
from eventlog.events import CLOUDEVENT, Fault
from eventlog.intake.examine import OWN_FIELDS_MAX, refusal, repeats_key
from eventlog.intake.fields import BYTES_MAX
from eventlog.intake.foreign import ForeignEvent, Place, Unread, take_in
from eventlog.intake.forms import json_flaw, split_array, split_object
from eventlog.intake.limits import Intake, PublishLimits
from eventlog.intake.text import WHITE_SPACE, Flaw, flaw

SPECVERSION = "1.0"
HEADER = b"ce-"
SPECVERSION_HEADER = b"ce-specversion"
# What CloudEvents call our fields.
NAMES = {"topic": "type", "event_id": "id", "timestamp": "time", "source": "source"}
REQUIRED = ("specversion", "id", "source", "type")
TEXTS = (*REQUIRED, "time", "datacontenttype", "dataschema", "subject")
_DATA = ("data", "data_base64")
_JSON_TYPE = re.compile(r"[^/;]+/(?:json|[^/;]+\+json)[ \t]*(?:;|$)", re.IGNORECASE)
_CHARSET = re.compile(r';[ \t]*charset="?([^";]+)', re.IGNORECASE)
_UTF8 = ("utf-8", "utf8", "us-ascii")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class _Data(msgspec.Struct):
    """Data as a payload; `within`: the payload's member that it is in, "" where there is none."""

    payload: bytes
    within: str | None = None


def read_structured(body: bytes, limits: PublishLimits, *, lenient: bool) -> Intake:
    """Return the event of a body of application/cloudevents+json; raises Refused."""
    text = split_object(body)
    found = _read(Place(0, ""), text, limits)
    return take_in([(Place(0, ""), found)], NAMES, limits, format=CLOUDEVENT, lenient=lenient)


def read_batch(body: bytes, limits: PublishLimits, *, lenient: bool) -> Intake:
    """Return the events of a body of application/cloudevents-batch+json, which may be none."""
    texts = split_array(body, limits)
    places = [Place(index, f"/{index}") for index in range(len(texts))]
    read = [(place, _read(place, text, limits)) for place, text in zip(places, texts, strict=True)]
    return take_in(read, NAMES, limits, format=CLOUDEVENT, lenient=lenient)


def read_binary(headers: Mapping[bytes, bytes], body: bytes, limits: PublishLimits) -> Intake:
    """Return the event whose attributes are in the headers `ce-…`, by lower-case name. The body is data."""
    place = Place(0, "")
    attributes = _attributes(headers)
    kind = headers.get(b"content-type")
    if kind is not None and body:
        attributes["datacontenttype"] = kind.decode("latin-1")
    encoded = {name: Raw(_encode(value)) for name, value in attributes.items()}
    data = _Data(b"{}", "") if not body else _of_bytes(body, attributes.get("datacontenttype"), limits.depth)
    if isinstance(data, Flaw):
        raise Refused("malformed", data.code, data.detail)
    if len(body) > limits.event_bytes:
        raise Refused("too_large", "event_too_large", f"an event has at most {limits.event_bytes} bytes")
    found = _envelope(place, encoded, data)
    return take_in([(place, found)], NAMES, limits, format=CLOUDEVENT, lenient=False)


def _attributes(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Decode the values once, as the HTTP binding says: unquote each, then its percent codes."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not name.startswith(HEADER):
            continue
        text = value.decode("latin-1").strip()
        if quoted := _QUOTED.fullmatch(text):
            text = re.sub(r"\\(.)", r"\1", quoted[1])
        try:
            found[name.removeprefix(HEADER).decode("latin-1")] = _decoded(text)
        except ValueError:
            rule = "the header is percent-encoded UTF-8, without NUL"
            pointer = "/" + name.removeprefix(HEADER).decode("latin-1")
            raise refusal("invalid", [Fault(0, pointer, "invalid_field", rule)]) from None
    return found


def _decoded(text: str) -> str:
    decoded = unquote_to_bytes(text.encode("latin-1")).decode()
    if "\0" in decoded:
        raise ValueError
    return decoded


def _read(place: Place, text: bytes, limits: PublishLimits) -> ForeignEvent | Unread:
    """Read one event in JSON."""
    if len(text) > limits.event_bytes:
        detail = f"an event has at most {limits.event_bytes} bytes, not {len(text)}"
        return Unread("too_large", [Fault(place.index, place.pointer, "event_too_large", detail)])
    if found := flaw(text, limits.depth):
        return Unread("malformed", [Fault(place.index, place.pointer, found.code, found.detail)])
    if not text.startswith(b"{"):
        return _invalid(place, "", "not_an_event", "an event is an object")
    if repeats_key(text):
        rule = f"no attribute stands twice, and there are at most {OWN_FIELDS_MAX} of them"
        return _invalid(place, "", "duplicate_key", rule)
    members = {name: value for name, value in _members(text).items() if bytes(value) != b"null"}
    data = _data_of(place, members, limits.depth)
    if isinstance(data, Unread):
        return data
    return _envelope(place, {name: members[name] for name in members if name not in _DATA}, data)


def _data_of(place: Place, members: Mapping[str, Raw], depth: int) -> _Data | Unread:
    if all(name in members for name in _DATA):
        return _invalid(place, "data_base64", "invalid_field", "an event has data or data_base64, not both")
    if (value := members.get("data")) is not None:
        return _as_payload(bytes(value), "data")
    if (value := members.get("data_base64")) is None:
        return _Data(b"{}", "")
    text = _decode(value)
    try:
        content = binascii.a2b_base64(text, strict_mode=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        content = None
    if content is None:
        return _invalid(place, "data_base64", "invalid_field", "data_base64 is a text in base 64")
    kind = members.get("datacontenttype")
    said = _of_bytes(content, None if kind is None else str(_decode(kind)), depth)
    return _in_base64(content) if isinstance(said, Flaw) else said


def _of_bytes(content: bytes, kind: str | None, depth: int) -> _Data | Flaw:
    """Return data that came as bytes; the flaw of what is said to be JSON, and is none that can be kept."""
    if kind is None or _JSON_TYPE.match(kind):
        text = content.strip(WHITE_SPACE)
        found = json_flaw(text, depth - 1)
        return _as_payload(text, "data") if found is None else found
    charset = _CHARSET.search(kind)
    if b"\0" in content or (charset is not None and charset[1].strip().lower() not in _UTF8):
        return _in_base64(content)
    try:
        return _Data(b'{"data":%b}' % _encode(content.decode()), "data")
    except UnicodeDecodeError:
        return _in_base64(content)


def _as_payload(value: bytes, within: str) -> _Data:
    return _Data(value) if value.startswith(b"{") else _Data(b'{"%b":%b}' % (within.encode(), value), within)


def _in_base64(content: bytes) -> _Data:
    return _Data(b'{"data_base64":"%b"}' % b64encode(content), "data_base64")


def _envelope(place: Place, attributes: dict[str, Raw], data: _Data) -> ForeignEvent | Unread:
    """Build the event of attributes in JSON and data."""
    faults = [fault for name in TEXTS if (fault := _attribute_fault(place, attributes, name))]
    faults += [
        Fault(place.index, f"{place.pointer}/{name}", "invalid_field", f"{name} is no array and no object")
        for name, value in attributes.items()
        if bytes(value)[:1] in b"[{"
    ]
    if faults:
        return Unread("invalid", faults)
    texts = {name: str(_decode(attributes[name])) for name in TEXTS if name in attributes}
    if texts["specversion"] != SPECVERSION:
        return _invalid(place, "specversion", "invalid_field", f"specversion is {SPECVERSION}")
    within = b"" if data.within is None else b',"data_in":%b' % _encode(data.within)
    return ForeignEvent(
        texts["type"],
        event_id_of(texts["source"], texts["id"]),
        texts.get("time") or datetime.now(UTC).isoformat(),
        texts["source"],
        data.payload,
        b'"cloudevent":%b%b' % (_encode(attributes), within),
    )


def _attribute_fault(place: Place, attributes: Mapping[str, Raw], name: str) -> Fault | None:
    value = attributes.get(name)
    pointer = f"{place.pointer}/{name}"
    if value is None:
        if name not in REQUIRED:
            return None
        return Fault(place.index, pointer, "missing_field", f"{name} is missing")
    if not bytes(value).startswith(b'"') or bytes(value) == b'""':
        return Fault(place.index, pointer, "invalid_field", f"{name} is a text that is not empty")
    return None


def event_id_of(source: str, identity: str) -> str:
    """Return the event_id of a CloudEvent's source and id."""
    together = f"{source} {identity}"
    size = len(together.encode())
    return together if size <= BYTES_MAX else f"sha256:{hashlib.sha256(together.encode()).hexdigest()}"


def _invalid(place: Place, name: str, code: str, rule: str) -> Unread:
    pointer = f"{place.pointer}/{name}" if name else place.pointer
    return Unread("invalid", [Fault(place.index, pointer, code, rule)])
