"""A body → its events, and what can be none: one bad line costs itself alone, and is kept."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec import Raw

from eventlog.errors import Refused
from eventlog.ingest.definition import BY_CONTENT, BY_REQUEST, IngestDefinition
from eventlog.intake.examine import repeats_key
from eventlog.intake.foreign import ForeignEvent, Place, broken_fields
from eventlog.intake.forms import json_flaw
from eventlog.intake.limits import PublishLimits
from eventlog.intake.media_type import are_lines, media_type_of
from eventlog.intake.templates import Parts, ReceivedValues, fill, moment_of, parse_template
from eventlog.intake.text import WHITE_SPACE, encoding_flaw
from eventlog.intake.unparsed import unparsed

_NAMES = {name: name for name in ("topic", "event_id", "timestamp", "source")}
_JSON = ("application/json", "application/json-seq")
# What parts records of application/json-seq.
_RECORD_SEPARATOR = b"\x1e"
_encode = msgspec.json.Encoder().encode
_ANY_DEPTH = 1 << 20
_elements = msgspec.json.Decoder(list[Raw]).decode


class Ingested(msgspec.Struct):
    """What a body is: events, and what can be none."""

    events: list[ForeignEvent]
    unparsed: list[ForeignEvent]


class _Unusable(Exception):
    """Why a record can be no event."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class BodyReader:
    """Reads bodies by one version of a definition."""

    def __init__(self, name: str, version: int, definition: IngestDefinition) -> None:
        self.name = name
        self._definition = definition
        self._topic = parse_template(definition.topic)
        self._source = parse_template(definition.source or name)
        self._time = parse_template(definition.time)
        self._event_id: Parts | None = None
        if definition.event_id not in (BY_REQUEST, BY_CONTENT):
            self._event_id = parse_template(definition.event_id)
        self._told = {"name": name, "version": version}

    def read(
        self, headers: Mapping[bytes, bytes], body: bytes, received_at: datetime, limits: PublishLimits
    ) -> Ingested:
        """Return what a body is; raises Refused of one that has too many records.

        Args:
            headers: of the request, by lower-case name.
            body: as it is when nothing is packed any more.
            received_at: when it came.
            limits: how large a record may be, how many there may be, and which events may come.
        """
        found = Ingested([], [])
        request = hashlib.sha256(body).hexdigest()[:32]
        for index, record in enumerate(self._records(headers, body)):
            if index == limits.batch_events:
                raise Refused("too_large", "batch_too_large", f"a body has at most {index} records")
            self.take(found, headers, record, f"{request}-{index}", index, received_at, limits)
        return found

    def take(
        self,
        found: Ingested,
        headers: Mapping[bytes, bytes],
        record: bytes,
        place: str,
        index: int,
        received_at: datetime,
        limits: PublishLimits,
        identity: str | None = None,
    ) -> None:
        """Add what a record is. `place` is its identity within its request, `identity` one that was given."""
        try:
            found.events.append(self._event(headers, record, place, received_at, limits, identity))
        except _Unusable as why:
            route = f"/ingest/{self.name}"
            found.unparsed.append(unparsed(route, record, why.code, str(why), received_at, index))

    def _is_json(self, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether records have to be JSON: by the definition, or by what the sender says."""
        form = self._definition.form
        return form == "json" or (form == "auto" and _says_json(headers))

    def _records(self, headers: Mapping[bytes, bytes], body: bytes) -> Iterator[bytes]:
        text = body.strip(WHITE_SPACE)
        if self._is_json(headers):
            yield from _values(text)
            return
        for line in body.split(b"\n"):
            if line.strip(WHITE_SPACE):
                yield line.removesuffix(b"\r")

    def _event(
        self,
        headers: Mapping[bytes, bytes],
        record: bytes,
        place: str,
        received_at: datetime,
        limits: PublishLimits,
        identity: str | None,
    ) -> ForeignEvent:
        if len(record) > limits.event_bytes:
            raise _Unusable("event_too_large", f"a record has at most {limits.event_bytes} bytes")
        payload = self._payload(record, limits.depth, strictly=self._is_json(headers))
        values = ReceivedValues(headers, payload)
        said = moment_of(fill(self._time, values.value_of)) if self._time else None
        event = ForeignEvent(
            _required("topic", fill(self._topic, values.value_of)),
            identity or self._identity(record, place, values),
            said or received_at.isoformat(),
            _required("source", fill(self._source, values.value_of)),
            payload,
            b'"ingest":%b' % _encode({**self._told, "time_of_receipt": said is None, **_used(values)}),
        )
        for fault in broken_fields(Place(0, ""), event, _NAMES):
            raise _Unusable(fault.code, fault.detail)
        if limits.allowed is not None:
            for field, rule in limits.allowed.flaws(event.topic, event.source):
                raise _Unusable("scope", f"{field}: {rule}")
        return event

    def _payload(self, record: bytes, depth: int, *, strictly: bool) -> bytes:
        if found := encoding_flaw(record):
            raise _Unusable(found.code, found.detail)
        text = record.strip(WHITE_SPACE)
        if self._definition.form != "lines" and (strictly or text.startswith((b"{", b"["))):
            if (found := json_flaw(text, depth - 1)) is None:
                return _object_of(text)
            if strictly:
                raise _Unusable(found.code, found.detail)
            # A line of text may begin with a bracket, too.
        if b"\0" in record:
            raise _Unusable("nul_character", "the line has the character NUL")
        return b'{"line":%b}' % _encode(record.decode())

    def _identity(self, record: bytes, place: str, values: ReceivedValues) -> str:
        if self._event_id is not None:
            return _required("event_id", fill(self._event_id, values.value_of))
        return hashlib.sha256(record).hexdigest() if self._definition.event_id == BY_CONTENT else place


def _says_json(headers: Mapping[bytes, bytes]) -> bool:
    kind = media_type_of(headers)
    return kind in _JSON or kind.endswith("+json") or are_lines(kind)


def _object_of(text: bytes) -> bytes:
    if not text.startswith(b"{"):
        return b'{"body":%b}' % text
    if repeats_key(text):
        raise _Unusable("duplicate_key", "a key stands twice in the object")
    return text


def _values(text: bytes) -> Iterator[bytes]:
    """Yield the elements of an array, or the one value; several values after each other as their lines."""
    if text.startswith(b"["):
        try:
            elements = _elements(text)
        except (msgspec.DecodeError, RecursionError):
            yield text
            return
        yield from map(bytes, elements)
        return
    lines = [line for line in text.replace(_RECORD_SEPARATOR, b"").split(b"\n") if line.strip(WHITE_SPACE)]
    # One value over several lines is none on its first.
    if len(lines) > 1 and json_flaw(text, _ANY_DEPTH) is not None:
        yield from lines
    elif text:
        yield text


def _required(field: str, value: str | None) -> str:
    if value is None:
        raise _Unusable(f"missing_{field}", f"there is nothing of which to make the {field}")
    return value


def _used(values: ReceivedValues) -> dict[str, dict[str, str]]:
    return {"headers": values.used} if values.used else {}
