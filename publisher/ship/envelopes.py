"""Records → events: the JSON text that is published, the same bytes for the same record every time. Pure."""

import base64
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

import msgspec

from eventlog.intake.templates import parse_template
from publisher.errors import ShipError
from publisher.ship.records import Record
from publisher.ship.times.values import read_time, time_in

_json = msgspec.json.Encoder().encode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode


class BadLine(Exception):
    """A line that cannot be made into an event; `code` is for programs."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Envelope(Protocol):
    """A way to make events of records."""

    def id_of(self, record: Record) -> str:
        """Return the event_id of a record that was wrapped."""

    def wrap(self, record: Record, time: str, time_from: str) -> tuple[bytes, str]:
        """Return the event's JSON text, and the time it says itself; raises BadLine.

        `time` is what the event bears unless it says one itself; `time_from` says where that comes from
        when it is not the record's own.
        """


class LineEnvelope:
    """A log line becomes {"line": text, "file": name, "line_number": n}.

    `lines` is there when it is more than one, `part` when it is a part of a line that is too long,
    `continues` when it goes on with the event before, and `time_from` when it has no time of its own. A text
    that is no UTF-8, or holds a NUL (which PostgreSQL cannot), has U+FFFD in those places and all its bytes
    in `base64` beside it.
    """

    def __init__(self, topic: str, source: str, name: str, file_id: str) -> None:
        self._file_id = file_id
        before_id = b'{"topic":%b,"event_id":"%b.' % (_json(topic), file_id.encode())
        before_text = b'","source":%b,"payload":{"line":' % _json(source)
        before_number = b',"file":%b,"line_number":' % _json(name)
        # Formatted once a record: what does not change is part of the pattern.
        constants = [part.replace(b"%", b"%%") for part in (before_id, before_text, before_number)]
        self._pattern = b'%b%%x","timestamp":"%%b%b%%b%b%%d' % (*constants,)
        self._whole_pattern = self._pattern + b"}}"

    def id_of(self, record: Record) -> str:
        """Return the event_id of a record."""
        return f"{self._file_id}.{record.offset:x}"

    def wrap(self, record: Record, time: str, time_from: str) -> tuple[bytes, str]:
        """Return the event's JSON text and its own time."""
        own = record.time
        try:
            text = record.text.decode()
            is_plain = "\0" not in text
        except UnicodeDecodeError:
            is_plain = False
        if is_plain and not time_from and record.is_one_line:
            values = (record.offset, time.encode(), _json(text), record.line_number)
            return self._whole_pattern % values, own
        text, exact = readable(record.text)
        event = self._pattern % (record.offset, time.encode(), _json(text), record.line_number)
        return event + _details(record, exact, time_from) + b"}}", own


def _details(record: Record, exact: bytes | None, time_from: str) -> bytes:
    return b"".join(
        [
            b',"lines":%d' % record.lines if record.lines > 1 else b"",
            b',"part":%d' % record.part if record.part else b"",
            b',"continues":true' if record.continues else b"",
            b',"time_from":"%b"' % time_from.encode() if time_from else b"",
            b',"base64":"%b"' % base64.b64encode(exact) if exact is not None else b"",
        ]
    )


def readable(content: bytes) -> tuple[str, bytes | None]:
    """Return the text, and the bytes too when the text alone could not bring them back."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace").replace("\0", "\ufffd"), content
    if "\0" in text:
        return text.replace("\0", "\ufffd"), content
    return text, None


@dataclass(frozen=True, slots=True)
class Fields:
    """Where in a JSON object the parts of an event are; paths are dotted, None means not there.

    `topic` and `source` are what is used when the object has none (None refuses the line).
    """

    topic: str | None
    source: str
    topic_template: str | None = None
    id_field: str | None = None
    time_field: str | None = None
    source_field: str | None = None
    payload_field: str | None = None


class FieldEnvelope:
    """A line of NDJSON becomes the event that its fields say; the payload's text stays as it was sent."""

    def __init__(self, fields: Fields, zone: tzinfo, file_id: str) -> None:
        self._fields = fields
        self._file_id = file_id
        self._zone = zone
        self._topic = None if fields.topic_template is None else parse_template(fields.topic_template)

    def id_of(self, record: Record) -> str:
        """Return the event_id of a record that was wrapped."""
        return self._id_in(_decoded(record.text.strip(b" \t\r")), record)

    def _id_in(self, document: dict[str, msgspec.Raw], record: Record) -> str:
        return _text_at(document, self._fields.id_field) or f"{self._file_id}.{record.offset:x}"

    def wrap(self, record: Record, time: str, time_from: str) -> tuple[bytes, str]:
        """Return the event's JSON text, and the time it says itself; raises BadLine."""
        if record.part:
            raise BadLine("line_too_long", "the line is longer than any event may be")
        line = record.text.strip(b" \t\r")
        document = _decoded(line)
        fields = self._fields
        source = _text_at(document, fields.source_field) or fields.source
        payload = line if fields.payload_field is None else _at(document, fields.payload_field)
        if payload is None:
            raise BadLine("missing_payload", f"there is no {fields.payload_field} in the object")
        own = self._time_of(document)
        event = b'{"topic":%b,"event_id":%b,"timestamp":"%b","source":%b,"payload":%b}' % (
            _json(self._topic_of(document)),
            _json(self._id_in(document, record)),
            (own or time).encode(),
            _json(source),
            bytes(payload),
        )
        return event, own or ""

    def _topic_of(self, document: dict[str, msgspec.Raw]) -> str:
        if self._topic is not None:
            parts = [(literal, path and _text_at(document, path)) for literal, path in self._topic]
            missing = [
                path for (_, path), (_, text) in zip(self._topic, parts, strict=True) if path and not text
            ]
            if not missing:
                return "".join(literal + (text or "") for literal, text in parts)
            if self._fields.topic is None:
                raise BadLine("missing_topic", f"there is no {missing[0]} in the object to make the topic of")
        assert self._fields.topic is not None, "either a template or a topic is given"
        return self._fields.topic

    def _time_of(self, document: dict[str, msgspec.Raw]) -> str | None:
        if self._fields.time_field is None:
            return time_in(document, self._zone)
        raw = _at(document, self._fields.time_field)
        return None if raw is None else read_time(_any(raw), self._zone)


def check_time_field(path: str, sample: bytes, time_field: str, zone: tzinfo) -> None:
    """Raise ShipError if none of the first lines has the field with a time in it."""
    lines = [line for line in sample.split(b"\n")[:-1] if line.strip()]
    for line in lines:
        with suppress(BadLine):
            raw = _at(_decoded(line.strip(b" \t\r")), time_field)
            if raw is not None and read_time(_any(raw), zone) is not None:
                return
    if lines:
        raise ShipError(
            f"{path}: none of the first {len(lines)} lines has a time in --time-field {time_field}"
        )


def _decoded(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        line.decode()  # Raw slices are not looked into: invalid UTF-8 would pass
        return _object(line)
    except UnicodeDecodeError as error:
        raise BadLine("invalid_utf8", f"byte {error.start} is no UTF-8") from None
    except msgspec.ValidationError:
        raise BadLine("not_an_object", "the line is JSON, but no object") from None
    except msgspec.DecodeError as error:
        raise BadLine("invalid_json", str(error)) from None
    except RecursionError:
        raise BadLine("too_deep", "the object is nested too deeply") from None


def _at(document: dict[str, msgspec.Raw], path: str) -> msgspec.Raw | None:
    """Return the raw text at a dotted path; a key that itself contains the dots wins."""
    if path in document:
        return document[path]
    head, dot, rest = path.partition(".")
    if not dot or head not in document:
        return None
    try:
        return _at(_object(document[head]), rest)
    except msgspec.DecodeError:
        return None


def _text_at(document: dict[str, msgspec.Raw], path: str | None) -> str | None:
    """Return the string (or the number, as written) at a path; None for anything else."""
    raw = _at(document, path) if path else None
    if raw is None:
        return None
    try:
        value = _any(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return bytes(raw).decode() if is_number else None
