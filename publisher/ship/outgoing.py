"""Publish a batch of which some events may be refused: the others get through, a refusal names its line."""

from dataclasses import dataclass, field

import msgspec

from eventlog.terminal.errors import ApiUnavailable
from publisher.client import Client
from publisher.errors import PublishRefused
from publisher.ship.records import Record, Start

# A request stays well under the API's 8 MiB, and one write of it does not hold up the loop.
BATCH_BYTES_MAX = 1 << 20
# Statuses that speak of the content; others (403, 404, 421 …) would answer every batch the same.
CONTENT_STATUSES = (400, 413, 422)


class AcceptedRange(msgspec.Struct, frozen=True):
    """Positions `first` to `last` of a partition."""

    partition: int
    first: int
    last: int


class Rejection(msgspec.Struct, frozen=True):
    """What the API says of one event of a batch."""

    index: int = -1
    code: str = "refused"
    detail: str = ""
    pointer: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """The answer to a publish."""

    accepted: int
    deliveries: list[AcceptedRange] = []
    rejected: list[Rejection] = []


class _Refusal(msgspec.Struct, frozen=True):
    rejected: list[Rejection] = []
    errors: list[Rejection] = []


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line of a file that did not become an event, and why."""

    path: str
    line_number: int
    code: str
    detail: str


@dataclass(slots=True)
class OutgoingBatch:
    """Events of one file, in its order, that go out together."""

    events: list[bytes] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)  # of the events
    size: int = 0
    last: Record | None = None  # where the file goes on; also one that made no event
    first_time: str = ""  # of the times that lines say themselves
    last_time: str = ""

    def add(self, event: bytes, record: Record, own_time: str) -> None:
        """Append the event of a record."""
        if own_time:
            if own_time > self.last_time:
                self.last_time = own_time
            if own_time < self.first_time or not self.first_time:
                self.first_time = own_time
        self.events.append(event)
        self.records.append(record)
        self.size += len(event) + 1
        self.last = record

    @property
    def after(self) -> Start | None:
        """Return where the file goes on behind it."""
        return self.last.after if self.last is not None else None

    def has_room_for(self, event: bytes, count_max: int) -> bool:
        """Tell whether the event may join; an empty batch takes any."""
        return not self.events or (len(self.events) < count_max and self.size + len(event) < BATCH_BYTES_MAX)


@dataclass(slots=True)
class Outcome:
    """What a batch came to. `last_accepted` is (which of the events, where it may lie)."""

    accepted: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    last_accepted: tuple[int, list[str]] | None = None


async def publish(client: Client, path: str, batch: OutgoingBatch) -> Outcome:
    """Publish in order. Raises ApiUnavailable, and PublishRefused when it is not about the content."""
    outcome = Outcome()
    await _publish_slice(client, path, batch, 0, len(batch.events), outcome)
    return outcome


async def _publish_slice(
    client: Client, path: str, batch: OutgoingBatch, first: int, end: int, outcome: Outcome
) -> None:
    body = b"[" + b",".join(batch.events[first:end]) + b"]"
    try:
        answer = await client.publish(body, events=end - first, lenient=True)
    except PublishRefused as refusal:
        if refusal.status not in CONTENT_STATUSES:
            raise
        rejected = _rejections(refusal.body)
        if end - first == 1:
            said = rejected[0] if rejected else Rejection(code=refusal.code, detail=refusal.detail)
            outcome.refused.append(_refused(path, batch, first, said))
        elif {rejection.index for rejection in rejected} == set(range(end - first)):
            outcome.refused += [
                _refused(path, batch, first + said.index, said) for said in _by_event(rejected)
            ]
        else:
            # The answer does not say which: halve until it is one.
            middle = (first + end) // 2
            await _publish_slice(client, path, batch, first, middle, outcome)
            await _publish_slice(client, path, batch, middle, end, outcome)
        return
    answered = msgspec.json.decode(answer.body, type=Accepted)
    counted = answered.accepted + len(_by_event(answered.rejected))
    if counted != end - first:
        reason = f"for {counted} of {end - first} events: something on the way cuts requests"
        raise ApiUnavailable(client.url, reason, answered=True)
    _note(answered, path, batch, range(first, end), outcome)


def _note(answer: Accepted, path: str, batch: OutgoingBatch, events: range, outcome: Outcome) -> None:
    outcome.accepted += answer.accepted
    rejected = _by_event(answer.rejected)
    outcome.refused += [_refused(path, batch, events[said.index], said) for said in rejected]
    bad = {events[said.index] for said in rejected}
    last = next((index for index in reversed(events) if index not in bad), None)
    if last is not None:
        lies = [f"{place.partition}:{place.last}" for place in answer.deliveries]
        outcome.last_accepted = last, lies


def _by_event(rejections: list[Rejection]) -> list[Rejection]:
    """Keep the first rejection of each event: one line, one message."""
    first: dict[int, Rejection] = {}
    for rejection in rejections:
        first.setdefault(rejection.index, rejection)
    return [first[index] for index in sorted(first) if index >= 0]


def _refused(path: str, batch: OutgoingBatch, index: int, said: Rejection) -> RefusedLine:
    return RefusedLine(path, batch.records[index].line_number, said.code, said.detail)


def _rejections(body: bytes) -> list[Rejection]:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return refusal.rejected or refusal.errors
