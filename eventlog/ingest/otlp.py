"""OTLP logs → events: each record with its resource and scope, as OTLP's own JSON has them.

Of protobuf, that JSON is made (64-bit integers and nanoseconds as texts, bytes in base 64, ids in
hexadecimal, NaN and infinities as texts), so nothing of it is lost; of JSON it is the text that came.
Identity is by the request: exporters send the same bytes again. Nanoseconds and attributes are none:
JavaScript's SDK rounds the former, and resources have a random instance id in each process.

Format: https://opentelemetry.io/docs/specs/otlp/ (1.9)
"""

import hashlib
import math
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from eventlog.ingest.reading import Ingested
from eventlog.intake.fields import source_flaw
from eventlog.intake.foreign import ForeignEvent
from eventlog.intake.forms import json_flaw
from eventlog.intake.limits import PublishLimits
from eventlog.intake.templates import moment_of
from eventlog.intake.text import WHITE_SPACE
from eventlog.intake.unparsed import unparsed

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

ROUTE = "/v1/logs"
TOPIC = "otlp.logs"
# What the specification calls a service that has no name.
NAMELESS = "unknown_service"
NO_RECORDS = b'{"resourceLogs":[]}'
_BESIDE = b'"otlp":"logs"'

_encode = msgspec.json.Encoder().encode


class NoOtlp(ValueError):
    """A body is no request of OTLP."""


class _Attribute(msgspec.Struct):
    key: str = ""
    value: dict[str, Any] | None = None


class _Resource(msgspec.Struct):
    attributes: list[_Attribute] | None = None


class _ScopeLogs(msgspec.Struct, rename="camel"):
    scope: Raw = Raw(b"{}")
    log_records: list[Raw] | None = None
    schema_url: str = ""


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: Raw = Raw(b"{}")
    scope_logs: list[_ScopeLogs] | None = None
    schema_url: str = ""


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None


class _Moments(msgspec.Struct, rename="camel"):
    time_unix_nano: int | str | None = None
    observed_time_unix_nano: int | str | None = None


class OtlpRecord(msgspec.Struct):
    """One record: its payload, the nanoseconds that it says, and its service."""

    payload: bytes
    nanoseconds: str
    service: str


_request = msgspec.json.Decoder(_Request).decode
_resource = msgspec.json.Decoder(_Resource).decode
_moments = msgspec.json.Decoder(_Moments, strict=False).decode


def read_json(body: bytes) -> Iterator[OtlpRecord]:
    """Yield the records of a request in JSON; raises NoOtlp."""
    try:
        request = _request(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoOtlp(str(error)) from None
    for resource_logs in request.resource_logs or ():
        resource = bytes(resource_logs.resource)
        service = _service_in(resource)
        for scope_logs in resource_logs.scope_logs or ():
            before = _before(
                resource, bytes(scope_logs.scope), resource_logs.schema_url, scope_logs.schema_url
            )
            for record in scope_logs.log_records or ():
                text = bytes(record)
                yield OtlpRecord(b'%b"log":%b}' % (before, text), _nanoseconds_in(text), service)


def _before(resource: bytes, scope: bytes, resource_schema: str, scope_schema: str) -> bytes:
    schemas = b"".join(
        b'"%b":%b,' % (name, _encode(url))
        for name, url in ((b"resourceSchemaUrl", resource_schema), (b"scopeSchemaUrl", scope_schema))
        if url
    )
    return b'{"resource":%b,"scope":%b,%b' % (resource, scope, schemas)


def _service_in(resource: bytes) -> str:
    try:
        attributes = _resource(resource).attributes or ()
    except (msgspec.DecodeError, RecursionError):
        return NAMELESS
    for attribute in attributes:
        if attribute.key == "service.name":
            return str((attribute.value or {}).get("stringValue") or NAMELESS)
    return NAMELESS


def _nanoseconds_in(record: bytes) -> str:
    try:
        found = _moments(record)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for value in (found.time_unix_nano, found.observed_time_unix_nano):
        if value is not None and str(value) not in ("", "0"):
            return str(value)
    return ""


def read_protobuf(body: bytes) -> Iterator[OtlpRecord]:
    """Yield the records of a request in protobuf; raises NoOtlp."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise NoOtlp("the body is no ExportLogsServiceRequest") from None
    for resource_logs in request.resource_logs:
        resource = _encode(
            {
                "attributes": _attributes(resource_logs.resource.attributes),
                **_dropped(resource_logs.resource.dropped_attributes_count),
            }
        )
        names = [
            each.value.string_value
            for each in resource_logs.resource.attributes
            if each.key == "service.name"
        ]
        for scope_logs in resource_logs.scope_logs:
            scope = _encode(
                {
                    "name": scope_logs.scope.name,
                    "version": scope_logs.scope.version,
                    "attributes": _attributes(scope_logs.scope.attributes),
                    **_dropped(scope_logs.scope.dropped_attributes_count),
                }
            )
            before = _before(resource, scope, resource_logs.schema_url, scope_logs.schema_url)
            for record in scope_logs.log_records:
                nanoseconds = record.time_unix_nano or record.observed_time_unix_nano
                yield OtlpRecord(
                    b'%b"log":%b}' % (before, _encode(_log(record))),
                    str(nanoseconds) if nanoseconds else "",
                    (names[0] if names else "") or NAMELESS,
                )


def _log(record: "LogRecord") -> dict[str, Any]:
    """Return a record as OTLP's JSON has it; what is not set is left out."""
    found = {
        "timeUnixNano": str(record.time_unix_nano) if record.time_unix_nano else None,
        "observedTimeUnixNano": str(record.observed_time_unix_nano)
        if record.observed_time_unix_nano
        else None,
        "severityNumber": record.severity_number or None,
        "severityText": record.severity_text or None,
        "body": _any(record.body) if record.HasField("body") else None,
        "attributes": _attributes(record.attributes) or None,
        **_dropped(record.dropped_attributes_count),
        "flags": record.flags or None,
        "traceId": record.trace_id.hex() or None,
        "spanId": record.span_id.hex() or None,
        "eventName": record.event_name or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _dropped(count: int) -> dict[str, int]:
    return {"droppedAttributesCount": count} if count else {}


def _attributes(attributes: "Iterator[KeyValue] | Any") -> list[dict[str, Any]]:
    return [{"key": each.key, "value": _any(each.value)} for each in attributes]


def _any(value: "AnyValue") -> dict[str, Any]:
    kind = value.WhichOneof("value")
    if kind is None:
        return {}
    found = getattr(value, kind)
    if kind == "string_value":
        return {"stringValue": found}
    if kind == "int_value":
        return {"intValue": str(found)}
    if kind == "double_value":
        return {"doubleValue": found if math.isfinite(found) else _no_number(found)}
    if kind == "bool_value":
        return {"boolValue": found}
    if kind == "bytes_value":
        return {"bytesValue": b64encode(found).decode()}
    if kind == "array_value":
        return {"arrayValue": {"values": [_any(each) for each in found.values]} if found.values else {}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": _attributes(found.values)} if found.values else {}}
    return {kind: str(found)}


def _no_number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def read_logs(body: bytes, *, protobuf: bool, received_at: datetime, limits: PublishLimits) -> Ingested:
    """Return the events of a request, and what can be none.

    Args:
        body: as it is when nothing is packed any more.
        protobuf: whether it is in protobuf, and not in JSON.
        received_at: when it came.
        limits: how large and how deep a record may be, and which events may come.
    """
    found = Ingested([], [])
    request = hashlib.sha256(body).hexdigest()[:32]
    index = 0
    try:
        for record in read_protobuf(body) if protobuf else read_json(body):
            event = _event(record, f"{request}-{index}", received_at)
            flaw = _flaw(record, event, limits)
            if flaw is None:
                found.events.append(event)
            else:
                found.unparsed.append(unparsed(ROUTE, record.payload, *flaw, received_at, index))
            index += 1
    except (NoOtlp, RecursionError) as error:
        return Ingested([], [unparsed(ROUTE, body, "no_otlp", str(error), received_at)])
    if not index and len(body.strip(WHITE_SPACE)) > (0 if protobuf else len(NO_RECORDS)):
        # Fields that are not known are passed over, as OTLP says: it may be an older form, or no logs.
        detail = "there are no records in it, as far as it is understood"
        found.unparsed.append(unparsed(ROUTE, body, "no_records", detail, received_at))
    return found


def _event(record: OtlpRecord, event_id: str, received_at: datetime) -> ForeignEvent:
    moment = moment_of(record.nanoseconds) if len(record.nanoseconds) == 19 else None
    source = record.service if source_flaw(record.service) is None else NAMELESS
    return ForeignEvent(TOPIC, event_id, moment or received_at.isoformat(), source, record.payload, _BESIDE)


def _flaw(record: OtlpRecord, event: ForeignEvent, limits: PublishLimits) -> tuple[str, str] | None:
    if len(record.payload) > limits.event_bytes:
        return "event_too_large", f"a record has at most {limits.event_bytes} bytes"
    if found := json_flaw(record.payload, limits.depth - 1):
        return found.code, found.detail
    if limits.allowed is not None:
        for field, rule in limits.allowed.flaws(event.topic, event.source):
            return "scope", f"{field}: {rule}"
    return None
