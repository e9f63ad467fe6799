"""What must hold at the end of a schedule, of every line. Pure."""

import re
from collections import Counter

import msgspec

AMOUNT = re.compile(r"about ([\d,]+) lines \([\d,]+ bytes\) are missing|how many cannot be told")


class Delivery(msgspec.Struct, frozen=True):
    """An event as the log has it."""

    event_id: str
    line: str


class Facts(msgspec.Struct):
    """What was done, and what was said."""

    written: list[str]
    file_of: dict[str, int]
    deliveries: list[Delivery]
    destroyed: set[str]  # their last copy was deleted while they were not in the log
    must_be_named: int  # deletions that the shipper can have noticed, of lines that it had not read
    deletions: int
    named: list[str]  # what was said of files that are gone
    codes: list[tuple[int, bool]]  # of each run that ended by itself: its exit code, and whether it named one
    sent_again: int  # deliveries of a last run that had nothing to do


def violations(facts: Facts) -> list[str]:
    """Return what does not hold."""
    contents: dict[str, str] = {}
    found = [
        f"{one.event_id} is two events: {one.line!r}"
        for one in facts.deliveries
        if contents.setdefault(one.event_id, one.line) != one.line
    ]
    lines = [line for text in contents.values() for line in text.split("\n")]
    came, written = Counter(lines), set(facts.written)
    missing = [line for line in facts.written if line not in came and line not in facts.destroyed]
    found += _some("missing", missing)
    found += _some("repeated", [line for line, times in came.items() if times > 1])
    found += _some("foreign", [line for line in came if line not in written])
    found += _some("out of order", _disordered(lines, facts))
    if len(facts.named) < facts.must_be_named:
        found.append(f"{facts.must_be_named} losses are to be named, and {len(facts.named)} are")
    if facts.named and not facts.deletions:
        found.append(f"a loss is named and nothing was deleted: {facts.named[0]}")
    found += [f"no estimate in: {text}" for text in facts.named if not AMOUNT.search(text)]
    found += [
        f"exit code {code}, and a loss was {'' if named else 'not '}named"
        for code, named in facts.codes
        if code != (3 if named else 0)
    ]
    if facts.sent_again:
        found.append(f"a run with nothing to do sent {facts.sent_again} events")
    return found


def _some(what: str, lines: list[str]) -> list[str]:
    return [f"{len(lines)} {what}: {lines[:3]}"] if lines else []


def _disordered(lines: list[str], facts: Facts) -> list[str]:
    """Return the lines that came before one that was written earlier to the same file."""
    numbers = {text: number for number, text in enumerate(facts.written)}
    last: dict[int, int] = {}
    found = []
    for line in lines:
        if line in numbers:
            file, number = facts.file_of[line], numbers[line]
            found += [line] if number < last.get(file, -1) else []
            last[file] = number
    return found
