"""`ship --dry-run`: what each file is recognised as, and its first events; sends and keeps nothing."""

import json
from collections.abc import Iterator

from publisher.errors import ShipError
from publisher.ship.content import Rewritten
from publisher.ship.envelopes import BadLine
from publisher.ship.files import LogFile
from publisher.ship.journal import first_events
from publisher.ship.lane import Lane
from publisher.ship.names import STDIN, canonical_name
from publisher.ship.opening import shown
from publisher.ship.positions import Position
from publisher.ship.records import Record
from publisher.ship.shipping import Shipping
from publisher.ship.targets import families, target_of

EVENTS_SHOWN = 3


def dry_run(texts: list[str], shipping: Shipping) -> Iterator[tuple[str, bool]]:
    """Yield what there is to say, and whether it is about something that cannot be shipped."""
    paths = []
    for text in texts:
        try:
            target = target_of(text)
            if target.kind == "journal":
                yield from ((line, False) for line in _of_journal(text, shipping))
            elif text == STDIN:
                yield "-: standard input is not looked at before it is shipped", False
            else:
                paths += target.paths()
        except (ShipError, BadLine) as error:
            yield str(error), True
    for path in (path for family in families(paths) for path in family):
        try:
            yield from ((line, False) for line in _of_file(path, shipping))
        except (ShipError, Rewritten) as error:
            yield str(error) or f"{shown(path)}: is being rewritten", True


def _of_journal(text: str, shipping: Shipping) -> Iterator[str]:
    events = first_events(text, shipping, EVENTS_SHOWN)
    yield f"{shown(text)}: {'entries of a journal' if events else 'no entries'}; as journald"
    yield from ("  " + json.dumps(json.loads(event)) for event in events)


def _of_file(path: str, shipping: Shipping) -> Iterator[str]:
    file = LogFile(path, links=shipping.links)
    try:
        name = shipping.name or canonical_name(path)
        lane = Lane.to_look_at(file, Position(file_id="dry-run", name=name, opening=""), shipping)
        records = list(_first_records(file, lane))
        described = lane.report.format or "no time stamps"
        yield f"{shown(path)}: {file.kind or 'empty'}, {described}; as {name}"
        yield from (f"{shown(path)}: {note}" for note in lane.notes())
        for record in records:
            yield "  " + _event_of(lane, record)
    finally:
        file.close()


def _first_records(file: LogFile, lane: Lane) -> Iterator[Record]:
    lane.learn()
    offset, data = file.read()
    found = [*lane.reader.feed(data, offset), *lane.reader.flush()]
    yield from found[:EVENTS_SHOWN]


def _event_of(lane: Lane, record: Record) -> str:
    try:
        event = lane.event_of(record)[0]
    except BadLine as bad:
        return f"line {record.line_number}: {bad.code}: {bad}"
    return json.dumps(json.loads(event))
