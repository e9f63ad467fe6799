"""Which format the body of a publish is in, by its headers, and who reads it."""

from collections.abc import Callable, Iterable, Mapping

from api.errors import Problem
from api.http.body import media_type, unsupported_type
from api.http.negotiation import CLOUDEVENT, CLOUDEVENTS_BATCH, JSON, LINES
from eventlog.events import Events
from eventlog.intake import Intake, PublishLimits, accept, parse
from eventlog.intake.cloudevents import HEADER, SPECVERSION_HEADER, read_batch, read_binary, read_structured
from eventlog.intake.media_type import are_lines
from eventlog.intake.plain_cloudevents import read_plain_batch

# Reads all of a body, strictly or leniently; raises Refused.
Read = Callable[[bytes, PublishLimits, bool], Intake]
# Returns the events of a body if it is soon seen that all are good.
ReadAtOnce = Callable[[bytes, PublishLimits], Events | None]


class BodyFormat:
    """How one format is read."""

    def __init__(self, read: Read, at_once: ReadAtOnce | None = None) -> None:
        self.read = read
        self.at_once = at_once


OWN = BodyFormat(
    lambda body, limits, lenient: parse(body, ndjson=False, limits=limits, lenient=lenient), accept
)
OWN_LINES = BodyFormat(
    lambda body, limits, lenient: parse(body, ndjson=True, limits=limits, lenient=lenient),
    lambda body, limits: accept(body, limits, ndjson=True),
)
STRUCTURED = BodyFormat(lambda body, limits, lenient: read_structured(body, limits, lenient=lenient))
BATCH = BodyFormat(lambda body, limits, lenient: read_batch(body, limits, lenient=lenient), read_plain_batch)


def require_each_once(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise the Problem of an attribute in two headers: which of them is meant?"""
    names = [name for name, _ in headers if name.startswith(HEADER)]
    if len(set(names)) < len(names):
        raise Problem("duplicate_key", "each header of a CloudEvent stands once")


def format_of(headers: Mapping[bytes, bytes]) -> BodyFormat:
    """Return the format of a body; raises the Problem of a type that is not understood.

    A CloudEvent whose attributes are in the headers has data of any type; that of a structured one says so
    itself, whatever else is in the headers.
    """
    kind = media_type(headers)
    if kind == CLOUDEVENT:
        return STRUCTURED
    if kind == CLOUDEVENTS_BATCH:
        return BATCH
    if SPECVERSION_HEADER in headers:
        return BodyFormat(lambda body, limits, lenient: read_binary(headers, body, limits))
    if kind == JSON:
        return OWN
    if are_lines(kind):
        return OWN_LINES
    raise unsupported_type(
        "send application/json, or application/x-ndjson with one event a line, or CloudEvents",
        *(JSON, LINES, CLOUDEVENT, CLOUDEVENTS_BATCH),
    )
