"""Say exactly what is wrong with which event."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

import msgspec
from msgspec import Raw

from eventlog.errors import Refused
from eventlog.events import Events, Fault
from eventlog.intake.fields import FIELDS, STRING_FIELDS
from eventlog.intake.forms import ParsedBody
from eventlog.intake.limits import Intake, PublishLimits
from eventlog.intake.own import contents_of
from eventlog.intake.text import flaw

# The most faults that a refusal lists, and the most repeated keys of one event: enough to mend a publisher
# by.
FAULTS_MAX = 1_000
REPEATED_KEYS_MAX = 10
# An event's own fields, those that we know and others. event_fault.sql has the same bound.
OWN_FIELDS_MAX = 1_000
# The code of a fault that is not in the event: its sender may not send it.
SCOPE = "scope"
_POINTED_KEY_MAX = 255


class _Key:
    """A key of an object, equal to no other, so that a dict of them keeps what is repeated."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _Identity(msgspec.Struct):
    topic: str
    event_id: str
    source: str


# "":1,
_MEMBER_BYTES_MIN = 5
_last_members = msgspec.json.Decoder(dict[str, Raw]).decode
_members = msgspec.json.Decoder(dict[_Key, Raw], dec_hook=lambda _, text: _Key(text)).decode
_identity = msgspec.json.Decoder(_Identity).decode
_string = msgspec.json.Decoder(str).decode


def repeats_key(event: bytes) -> bool:
    """Say whether a key is repeated among an event's own fields; too many are taken for that."""
    last = _last_members(event)
    if len(last) > OWN_FIELDS_MAX:
        return True
    # Braces, and of each member two quotes, a colon and a comma, but for one comma.
    needed = 1 + sum(map(len, last)) + sum(map(len, last.values())) + 4 * len(last)
    if len(event) < needed + _MEMBER_BYTES_MIN:
        return False
    members = _members(event)
    return len({key.text for key in members}) < len(members)


def examine(sent: ParsedBody, limits: PublishLimits, *, lenient: bool) -> Intake:
    """Return the events; raises Refused if strictly read one has a fault, or leniently none is good."""
    if lenient:
        return _sort(sent, limits)
    _require_all(sent, limits)
    return Intake(_events(sent.events), [])


def _sort(sent: ParsedBody, limits: PublishLimits) -> Intake:
    """Part the good events from the others."""
    events: list[bytes] = []
    rejected = list(sent.malformed)
    for index, raw in zip(sent.indexes, sent.events, strict=True):
        found = _limit_faults(sent, index, raw, limits) or _text_faults(sent, index, raw, limits)
        faults = (
            found or list(_field_faults(sent, index, raw)) or list(_scope_faults(sent, index, raw, limits))
        )
        # Of each bad event something is told, however many they are.
        rejected += faults if len(rejected) < FAULTS_MAX else faults[:1]
        if not faults:
            events.append(raw)
    if not events:
        forbidden = all(fault.code == SCOPE for fault in rejected)
        raise refusal("forbidden" if forbidden else "invalid", rejected)
    return Intake(_events(events), _in_order(rejected))


def _events(raws: list[bytes]) -> Events:
    identities = list(map(_identity, raws))
    topics, event_ids = ([found.topic for found in identities], [found.event_id for found in identities])
    return Events(topics, event_ids, raws, contents_of(raws))


def _require_all(sent: ParsedBody, limits: PublishLimits) -> None:
    pairs = list(zip(sent.indexes, sent.events, strict=True))
    # Only as many faults are looked for as are told; one more shows that there are more.
    if found := _first(fault for index, raw in pairs for fault in _limit_faults(sent, index, raw, limits)):
        raise refusal("too_large", found)
    found = _first(fault for index, raw in pairs for fault in _text_faults(sent, index, raw, limits))
    if sent.malformed or found:
        raise refusal("malformed", sent.malformed + found)
    if found := _first(fault for index, raw in pairs for fault in _field_faults(sent, index, raw)):
        raise refusal("invalid", found)
    if found := _first(fault for index, raw in pairs for fault in _scope_faults(sent, index, raw, limits)):
        raise refusal("forbidden", found)


def _first(faults: Iterator[Fault]) -> list[Fault]:
    return list(islice(faults, FAULTS_MAX + 1))


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.index or 0)


def refusal(kind: Literal["malformed", "invalid", "too_large", "forbidden"], faults: list[Fault]) -> Refused:
    """Return the refusal; its code is that of its faults if they agree, and of the first if it is a 400."""
    faults = _in_order(faults)
    first = faults[0]
    agree = kind == "malformed" or len({fault.code for fault in faults}) == 1
    detail = f"{first.pointer or 'the event'}: {first.detail}"
    if len(faults) > FAULTS_MAX:
        detail += f"; only the first {FAULTS_MAX} faults are listed"
    elif len(faults) > 1:
        detail += f"; {len(faults)} faults in all"
    return Refused(kind, first.code if agree else "invalid_event", detail, faults[:FAULTS_MAX])


def _limit_faults(sent: ParsedBody, index: int, raw: bytes, limits: PublishLimits) -> list[Fault]:
    if len(raw) <= limits.event_bytes:
        return []
    detail = f"an event has at most {limits.event_bytes} bytes, not {len(raw)}"
    return [Fault(index, sent.pointer(index), "event_too_large", detail)]


def _text_faults(sent: ParsedBody, index: int, raw: bytes, limits: PublishLimits) -> list[Fault]:
    found = flaw(raw, limits.depth)
    return [] if found is None else [Fault(index, sent.pointer(index), found.code, found.detail)]


def _field_faults(sent: ParsedBody, index: int, raw: bytes) -> Iterator[Fault]:
    """Yield a fault for every bad field of one event, whose text has no flaw."""
    base = sent.pointer(index)
    if not raw.startswith(b"{"):
        yield Fault(index, base, "not_an_event", f"an event is an object, not {_kind(raw)}")
        return
    members = _members(raw)
    if len(members) > OWN_FIELDS_MAX:
        detail = f"an event has at most {OWN_FIELDS_MAX} fields of its own, not {len(members)}"
        yield Fault(index, base, "too_many_fields", detail)
        return
    own = {key.text: value for key, value in members.items()}
    repeated = _repeated(members) if len(own) < len(members) else []
    for key in repeated[:REPEATED_KEYS_MAX]:
        yield Fault(index, _member_pointer(base, key), "duplicate_key", "a key stands only once in an event")
    for field in FIELDS:
        if field in repeated:
            continue
        if field not in own:
            yield Fault(index, f"{base}/{field}", "missing_field", f"{field} is missing")
        elif found := _value_flaw(field, bytes(own[field])):
            yield Fault(index, f"{base}/{field}", *found)


def _scope_faults(sent: ParsedBody, index: int, raw: bytes, limits: PublishLimits) -> Iterator[Fault]:
    """Yield a fault for every field of a good event that is not for whoever sends it."""
    if limits.allowed is None:
        return
    event = _identity(raw)
    for field, rule in limits.allowed.flaws(event.topic, event.source):
        yield Fault(index, f"{sent.pointer(index)}/{field}", SCOPE, rule)


def _repeated(members: Iterable[_Key]) -> list[str]:
    return [text for text, count in Counter(key.text for key in members).items() if count > 1]


def _value_flaw(field: str, value: bytes) -> tuple[str, str] | None:
    """Return the code and the rule that a field's value breaks."""
    if field == "payload":
        if value.startswith(b"{"):
            return None
        return "invalid_payload", f"payload is an object, not {_kind(value)}"
    if not value.startswith(b'"'):
        return "invalid_field", f"{field} is a string, not {_kind(value)}"
    broken = STRING_FIELDS[field](_string(value))
    return None if broken is None else (f"invalid_{field}", f"{field} {broken}")


_KINDS = {
    b"n": "null",
    b"t": "a boolean",
    b"f": "a boolean",
    b'"': "a string",
    b"{": "an object",
    b"[": "an array",
}


def _kind(value: bytes) -> str:
    return _KINDS.get(value[:1], "a number")


def _member_pointer(base: str, key: str) -> str:
    """Point to a member (RFC 6901); to the event itself where the key is too long to repeat."""
    if len(key) > _POINTED_KEY_MAX:
        return base
    return f"{base}/{key.replace('~', '~0').replace('/', '~1')}"
