"""OTLP logs: JSON and protobuf say the same, value by value, and one bad record costs itself alone."""

import json
import math
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from eventlog.ingest.otlp import read_logs
from eventlog.ingest.reading import Ingested
from eventlog.intake import PublishLimits

LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=100)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def taken(body: bytes, *, protobuf: bool) -> Ingested:
    return read_logs(body, protobuf=protobuf, received_at=NOW, limits=LIMITS)


def request_of(*records: LogRecord, service: str = "shop") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value=service)))
    logs.scope_logs.add().log_records.extend(records)
    return request


def payloads(found: Ingested) -> list[Any]:
    return [json.loads(event.payload) for event in found.events]


def as_otlp_json(request: ExportLogsServiceRequest) -> bytes:
    """Return a request in OTLP's JSON, whose ids are hexadecimal, by protobuf's own mapping."""
    document = MessageToDict(request)
    for logs in document["resourceLogs"]:
        for scope in logs["scopeLogs"]:
            for record, message in zip(
                scope.get("logRecords", []), request.resource_logs[0].scope_logs[0].log_records, strict=True
            ):
                for name, value in (("traceId", message.trace_id), ("spanId", message.span_id)):
                    if value:
                        record[name] = value.hex()
                if isinstance(record.get("severityNumber"), str):
                    record["severityNumber"] = message.severity_number
    return json.dumps(document).encode()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
keys = texts.filter(bool)
scalars = st.one_of(
    texts.map(lambda value: AnyValue(string_value=value)),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: AnyValue(int_value=value)),
    st.floats().map(lambda value: AnyValue(double_value=value)),
    st.booleans().map(lambda value: AnyValue(bool_value=value)),
    st.binary(max_size=8).map(lambda value: AnyValue(bytes_value=value)),
    st.just(AnyValue()),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: AnyValue(array_value=ArrayValue(values=found))),
        st.lists(st.tuples(keys, inner), max_size=3).map(
            lambda found: AnyValue(
                kvlist_value=KeyValueList(values=[KeyValue(key=key, value=value) for key, value in found])
            )
        ),
    ),
    max_leaves=6,
)
nanoseconds = st.integers(0, 4 * 10**18)
records = st.builds(
    LogRecord,
    time_unix_nano=nanoseconds,
    observed_time_unix_nano=nanoseconds,
    severity_number=st.integers(0, 24),
    severity_text=texts,
    body=values,
    attributes=st.lists(st.builds(KeyValue, key=keys, value=values), max_size=2),
    trace_id=st.just(b"") | st.binary(min_size=16, max_size=16),
    span_id=st.just(b"") | st.binary(min_size=8, max_size=8),
    flags=st.integers(0, 2**32 - 1),
    event_name=texts,
)


@given(st.lists(records, min_size=1, max_size=3))
def test_any_record_comes_in_equal_from_protobuf_and_from_json(found: list[LogRecord]) -> None:
    request = request_of(*found)
    binary = taken(request.SerializeToString(), protobuf=True)
    text = taken(as_otlp_json(request), protobuf=False)
    assert not binary.unparsed
    assert not text.unparsed
    assert [each["log"] for each in payloads(binary)] == [each["log"] for each in payloads(text)]
    for one, other in zip(binary.events, text.events, strict=True):
        assert (one.timestamp, one.source, one.topic) == (other.timestamp, "shop", "otlp.logs")


def test_what_json_has_no_number_for_is_a_text() -> None:
    record = LogRecord(body=AnyValue(double_value=math.nan))
    record.attributes.append(KeyValue(key="a", value=AnyValue(int_value=2**63 - 1)))
    record.attributes.append(KeyValue(key="b", value=AnyValue(bytes_value=b"\xff")))
    [payload] = payloads(taken(request_of(record).SerializeToString(), protobuf=True))
    assert payload["log"]["body"] == {"doubleValue": "NaN"}
    found = {each["key"]: each["value"] for each in payload["log"]["attributes"]}
    assert found == {
        "a": {"intValue": "9223372036854775807"},
        "b": {"bytesValue": b64encode(b"\xff").decode()},
    }


def test_the_time_is_the_records_or_that_of_its_observation_or_of_receipt() -> None:
    moments = [
        LogRecord(time_unix_nano=1_614_265_330_123_456_789, observed_time_unix_nano=1),
        LogRecord(observed_time_unix_nano=1_614_265_330_000_000_000),
        LogRecord(),
    ]
    found = taken(request_of(*moments).SerializeToString(), protobuf=True)
    assert [event.timestamp for event in found.events] == [
        "2021-02-25T15:02:10.123456789Z",
        "2021-02-25T15:02:10.000000000Z",
        NOW.isoformat(),
    ]


def test_a_repeated_request_has_the_same_identities_and_alike_records_have_their_own() -> None:
    body = request_of(LogRecord(), LogRecord()).SerializeToString()
    first, again = taken(body, protobuf=True), taken(body, protobuf=True)
    assert [event.event_id for event in first.events] == [event.event_id for event in again.events]
    assert len({event.event_id for event in first.events}) == 2


def test_one_record_that_cannot_be_stored_costs_itself_alone() -> None:
    bad = LogRecord(body=AnyValue(string_value="a\0b"))
    found = taken(request_of(LogRecord(), bad, LogRecord()).SerializeToString(), protobuf=True)
    assert (len(found.events), len(found.unparsed)) == (2, 1)
    assert json.loads(found.unparsed[0].payload)["reason"] == "nul_character"


@pytest.mark.parametrize(("body", "protobuf"), [(b"\xff", True), (b"{", False), (b"[]", False), (b"", False)])
def test_what_is_no_request_is_kept_whole(body: bytes, protobuf: bool) -> None:
    found = taken(body, protobuf=protobuf)
    assert (len(found.events), len(found.unparsed)) == (0, 1)
    assert json.loads(found.unparsed[0].payload)["reason"] == "no_otlp"


def test_null_is_as_good_as_nothing_and_numbers_may_be_texts() -> None:
    body = b"""{"resourceLogs":[{"resource":{"attributes":null},"scopeLogs":[{"logRecords":[
        {"timeUnixNano":1614265330000000000,"body":{"stringValue":null}},{"timeUnixNano":null}]}]},{}]}"""
    found = taken(body, protobuf=False)
    assert [event.source for event in found.events] == ["unknown_service"] * 2
    assert found.events[0].timestamp == "2021-02-25T15:02:10.000000000Z"


OLDER = b'{"resourceLogs":[{"instrumentationLibraryLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}'
SPELLED = b'{"resource_logs":[{"scope_logs":[{"log_records":[{"body":{"stringValue":"x"}}]}]}]}'


@pytest.mark.parametrize("body", [OLDER, SPELLED, b'{"resourceSpans":[{"scopeSpans":[]}]}'])
def test_what_is_not_understood_is_kept_and_not_taken_for_nothing(body: bytes) -> None:
    found = taken(body, protobuf=False)
    assert [json.loads(each.payload)["reason"] for each in found.unparsed] == ["no_records"]
    assert json.loads(found.unparsed[0].payload)["text"].encode() == body


@pytest.mark.parametrize(("body", "protobuf"), [(b"{}", False), (b'{"resourceLogs":[]}', False), (b"", True)])
def test_a_request_without_records_is_nothing(body: bytes, protobuf: bool) -> None:
    found = taken(body, protobuf=protobuf)
    assert not found.events
    assert not found.unparsed
